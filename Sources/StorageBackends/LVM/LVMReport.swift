import FoundationEssentials
import StorageCore

/// What LVM says of one volume group at one moment: `lvm fullreport --reportformat json`, in bytes. Pure.
struct LVMReport: Hashable, Sendable {
    let size: ByteCount
    private(set) var free: ByteCount
    let extent: ByteCount
    /// Physical volumes whose device LVM does not see.
    let missingDevices: Int
    /// Its physical volumes' devices.
    let devices: [String]
    private(set) var volumes: [LogicalVolume]

    struct LogicalVolume: Hashable, Sendable {
        let uuid: String
        let name: String
        /// What its device has. A thick snapshot's shows its origin, and takes room of its own beside that.
        let size: ByteCount
        /// Nil for one that is not ours.
        let tags: StorageMark?
        /// The name of what it is a snapshot of.
        let origin: String?
        /// The thin pool it lies in.
        let pool: String?
        let isActive: Bool
        /// Whether LVM activates it only when told to twice (lvchange(8), `--setactivationskip`).
        let skipsActivation: Bool
        let isOpen: Bool
        /// How full it is, for a thin pool: of its data and its metadata.
        let dataPercent: Double?
        let metadataPercent: Double?
        /// Of a thin pool.
        let metadataSize: ByteCount?
        let isThinPool: Bool
    }

    /// Throws `internal` for a text that is no such report.
    init(_ text: [UInt8]) throws(StorageError) {
        let part = try Self.rows(text)
        guard let group = part["vg"]?.first, let size = bytes(group["vg_size"]),
            let free = bytes(group["vg_free"]), let extent = bytes(group["vg_extent_size"]),
            let missing = group["vg_missing_pv_count"].flatMap({ Int($0) })
        else { throw StorageError(.internal, "LVM answered a report without its volume group") }
        self.size = size
        self.free = free
        self.extent = extent
        missingDevices = missing
        devices = (part["pv"] ?? []).compactMap { $0["pv_name"] }
        volumes = (part["lv"] ?? []).compactMap(LogicalVolume.init)
    }

    func volume(named name: String) -> LogicalVolume? { volumes.first { $0.name == name } }

    /// With a volume that was made since. What a thin pool holds of it shows with the next report.
    func adding(_ volume: LogicalVolume) -> LVMReport {
        var report = self
        report.volumes.append(volume)
        if volume.pool == nil { report.free = report.free - volume.size }
        return report
    }

    /// Without volumes that were removed since, none of them a snapshot or the origin of one.
    func removing(_ uuids: Set<String>) -> LVMReport {
        var report = self
        for volume in volumes where uuids.contains(volume.uuid) && volume.pool == nil {
            report.free = report.free + volume.size
        }
        report.volumes.removeAll { uuids.contains($0.uuid) }
        return report
    }

    /// What is ours of this volume, snapshots aside.
    func parts(of volume: VolumeIdentity) -> [LogicalVolume] {
        volumes.filter { $0.tags?.volume.id == volume.id && $0.tags?.role != .snapshot }
    }

    /// The rows of each section, with fields by LVM's own names; all values are texts. Empty if LVM answered none.
    static func rows(_ text: [UInt8]) throws(StorageError) -> [String: [[String: String]]] {
        do {
            let parts = try JSONDecoder().decode(Document.self, from: Data(text)).report
            return parts.first { !($0["vg"] ?? []).isEmpty } ?? [:]
        } catch {
            throw StorageError(.internal, "LVM answered what is no report", cause: error)
        }
    }

    private struct Document: Decodable {
        let report: [[String: [[String: String]]]]
    }
}

extension LVMReport.LogicalVolume {
    /// A volume that was just made, so that it is active. `uuid` is without its hyphens, as device-mapper has it.
    init(volume: VolumeIdentity, name: String, uuid: String, size: ByteCount, pool: String?) {
        self.uuid = uuid
        self.name = name
        self.size = size
        tags = StorageMark(volume, .volume)
        origin = nil
        self.pool = pool
        isActive = true
        skipsActivation = false
        isOpen = false
        dataPercent = nil
        metadataPercent = nil
        metadataSize = nil
        isThinPool = false
    }

    /// Nil for a row without the fields that every logical volume has.
    fileprivate init?(_ row: [String: String]) {
        func text(_ field: String) -> String? { row[field].flatMap { $0.isEmpty ? nil : $0 } }
        guard let uuid = text("lv_uuid"), let name = text("lv_name"), let size = bytes(row["lv_size"]) else {
            return nil
        }
        self.uuid = uuid
        self.name = name
        let isThickSnapshot = text("origin") != nil && text("pool_lv") == nil
        self.size = isThickSnapshot ? bytes(row["origin_size"]) ?? size : size
        tags = StorageMark(tags: (row["lv_tags"] ?? "").split(separator: ",").map(String.init))
        origin = text("origin")
        pool = text("pool_lv")
        isActive = text("lv_active") != nil
        skipsActivation = text("lv_skip_activation") != nil
        isOpen = text("lv_device_open") != nil
        dataPercent = text("data_percent").flatMap { Double($0) }
        metadataPercent = text("metadata_percent").flatMap { Double($0) }
        metadataSize = bytes(row["lv_metadata_size"])
        isThinPool = Set(["thin", "pool"]).isSubset(of: (row["lv_layout"] ?? "").split(separator: ",").map(String.init))
    }
}

private func bytes(_ text: String?) -> ByteCount? {
    text.flatMap { Int64($0) }.flatMap { $0 < 0 ? nil : ByteCount($0) }
}
