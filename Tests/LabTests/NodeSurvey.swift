import FoundationEssentials
import Lab
import NodeAPI
import StorageCore

/// A node on the kernel's NFS server as its daemon shows it and as the machine shows it, to be compared. Each
/// volume is xfs, with a size that its storage has exactly.
struct NodeSurvey {
    let volumes: [VolumeDocument]
    /// Of the volume that was named.
    let snapshots: [SnapshotDocument]
    let operations: [OperationDocument]
    private let machine: [String: [String]]
    private let storage: any SurveyedStorage
    private let things: [SurveyedThing]

    /// Looks until no operation runs, for a minute at most. `origin` is the one volume that may have snapshots; none is asked
    /// for if it is nil.
    init(of node: Node, _ storage: any SurveyedStorage, origin: String?) async throws {
        let end = ContinuousClock.now + .seconds(60)
        while true {
            let survey = try await NodeSurvey(looking: node, storage, origin)
            if survey.operations.allSatisfy({ $0.endedAt != nil }) || ContinuousClock.now > end {
                self = survey
                return
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    private init(looking node: Node, _ storage: any SurveyedStorage, _ origin: String?) async throws {
        let text = try await node.machine.sh(
            """
            get() { echo "# $1"; busybox wget -q -O - "http://127.0.0.1:8080/v1/$2"; echo; }
            get operations operations
            get volumes volumes
            \(origin.map { "get snapshots volumes/\($0)/snapshots" } ?? ":")
            echo '# mounts'; grep ' /nfs/' /proc/mounts || true
            echo '# private'; ls -A /var/lib/convert2nfs/filesystem/mounts
            echo '# directories'; ls -A /nfs
            echo '# files'; ls -A /etc/exports.d
            echo '# rules'; cat /etc/exports.d/*.exports 2>/dev/null | grep '^"' || true
            echo '# table'; cat /var/lib/nfs/etab
            echo '# sizes'
            for path in /nfs/*; do [ ! -d "$path" ] || xfs_growfs -n "$path" | grep '^data' | sed "s|^data|$path|"; done
            """, deadline: .seconds(120))
        var sections: [String: [String]] = [:]
        var title = ""
        for line in text.split(separator: "\n").map(String.init) {
            if line.hasPrefix("# ") {
                title = String(line.dropFirst(2))
            } else {
                sections[title, default: []].append(line)
            }
        }
        machine = sections
        self.storage = storage
        things = try await storage.look(node)
        operations = try Self.decode(OperationListDocument.self, sections["operations"]).operations
        volumes = try Self.decode(VolumeListDocument.self, sections["volumes"]).volumes
        snapshots =
            try sections["snapshots"].map { try Self.decode(SnapshotListDocument.self, $0).snapshots } ?? []
    }

    private static func decode<Document: Decodable>(_ type: Document.Type, _ lines: [String]?) throws -> Document {
        try WireCoder().decode(type, from: Data((lines ?? []).joined(separator: "\n").utf8))
    }

    func volume(_ name: String) -> VolumeDocument? { volumes.first { $0.name.description == name } }
    func snapshot(_ name: String) -> SnapshotDocument? { snapshots.first { $0.name.description == name } }

    /// Whatever is not as it has to be when nothing is under way: an operation that runs, a volume that is not healthy, and
    /// everything in the machine that the catalog does not know, or knows and is not there. `foreign` is storage of
    /// others.
    func faults(foreign: Set<String> = []) -> [String] {
        var faults = operations.filter { $0.endedAt == nil }.map { "\($0.kind) of \($0.resource) runs" }
        faults += volumes.filter { $0.phase != .ready || $0.condition.abnormal }.map {
            "\($0.key) is \($0.phase): \($0.condition.message)"
        }
        faults += snapshots.filter { !$0.ready }.map { "\($0.key) is not ready" }
        let names = volumes.map(storage.name(of:)) + snapshots.map(storage.name(of:))
        faults += Self.differences("storage", things.map(\.name), names + foreign)
        let wanted = volumes.map { "\(thing($0)?.device ?? "nothing") \($0.nfs.path)" }
        faults += Self.differences("mounts", rows("mounts").map { "\($0[0]) \($0[1])" }, wanted)
        faults += Self.differences("private mounts", machine["private"] ?? [], [])
        let paths = volumes.map(\.nfs.path)
        faults += Self.differences("directories", (machine["directories"] ?? []).map { "/nfs/\($0)" }, paths)
        return faults + exportFaults + sizeFaults
    }

    private var exportFaults: [String] {
        let rules = volumes.flatMap { volume in volume.nfs.clients.map { "\(volume.nfs.path) \($0.address)" } }
        let written = rows("rules").map { "\($0[0].filter { $0 != "\"" }) \(Self.client($0[1]))" }
        let served = rows("table").map { "\($0[0]) \(Self.client($0[1]))" }
        let strange = (machine["files"] ?? []).filter { !$0.hasPrefix("convert2nfs-") || !$0.hasSuffix(".exports") }
        var faults = Self.differences("written exports", written, rules) + Self.differences("exports", served, rules)
        if !strange.isEmpty || machine["files"]?.count ?? 0 != volumes.count {
            faults.append("the files of \(volumes.count) exports are \(machine["files"] ?? [])")
        }
        return faults
    }

    private func thing(_ volume: VolumeDocument) -> SurveyedThing? {
        things.first { $0.name == storage.name(of: volume) }
    }

    /// The catalog, the storage and the filesystem have one size.
    private var sizeFaults: [String] {
        var filesystems: [String: Int64] = [:]
        for row in rows("sizes") {
            let numbers = row.compactMap { word in
                ["bsize=", "blocks="].contains { word.hasPrefix($0) } ? Int64(word.filter(\.isNumber)) : nil
            }
            filesystems[row[0]] = numbers.reduce(1, *)
        }
        return volumes.compactMap { volume in
            let found = [thing(volume)?.size, filesystems[volume.nfs.path]]
            let wanted = volume.capacityBytes.bytes
            return found == [wanted, wanted] ? nil : "\(volume.key) has \(wanted) bytes in the catalog, and \(found)"
        }
    }

    private func rows(_ section: String) -> [[String]] {
        (machine[section] ?? []).map { $0.split(whereSeparator: \.isWhitespace).map(String.init) }
    }

    /// Of `10.77.0.21(rw,…)`.
    private static func client(_ rule: String) -> String { String(rule.prefix { $0 != "(" }) }

    private static func differences(_ what: String, _ found: [String], _ wanted: [String]) -> [String] {
        let extra = Set(found).subtracting(wanted).sorted()
        let missing = Set(wanted).subtracting(found).sorted()
        return (extra.isEmpty ? [] : ["\(what) that nobody knows: \(extra)"])
            + (missing.isEmpty ? [] : ["\(what) that are missing: \(missing)"])
    }
}
