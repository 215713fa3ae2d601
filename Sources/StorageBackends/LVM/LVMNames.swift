import HostTools
import StorageCore

/// How logical volumes are called: `NAMESPACE.NAME` and `NAMESPACE.NAME+SNAPSHOT`, so that `lvs` and `df` say whose
/// they are. What they are is in their tags; a name only has to be readable and its own. Pure.
struct LVMNames: Sendable, Hashable {
    let group: String

    func name(of volume: VolumeKey) -> String { fitting("\(volume.namespace).\(volume.name)") }

    func name(of snapshot: SnapshotReference) -> String {
        fitting("\(snapshot.volume.key.namespace).\(snapshot.volume.key.name)+\(snapshot.name)")
    }

    /// The snapshot that a copy to `target` is read from.
    func sourceName(for target: VolumeKey) -> String { fitting("\(target.namespace).\(target.name)+_source") }

    func deviceMapperName(_ logicalVolume: String) -> String {
        DeviceMapper.name(ofLogicalVolume: logicalVolume, in: group)
    }

    func device(_ logicalVolume: String) -> DevicePath {
        DevicePath("\(DeviceMapper.directory)/\(deviceMapperName(logicalVolume))")
    }

    /// 127 characters at most (DM_NAME_LEN), with room for the `-real` and `-cow` that LVM puts behind the names of
    /// origins and snapshots.
    private static let longest = 127 - 5
    /// What a name may not begin with (lvm(8), "VALID NAMES").
    private static let reserved = ["snapshot", "pvmove"]

    private func fitting(_ wanted: String) -> String {
        let isReserved = Self.reserved.contains { wanted.hasPrefix($0) }
        if !isReserved, deviceMapperName(wanted).utf8.count <= Self.longest { return wanted }
        let ending = "." + Self.fingerprint(wanted)
        var head = Substring("v.\(wanted)")
        while deviceMapperName(head + ending).utf8.count > Self.longest, !head.isEmpty { head = head.dropLast() }
        return head + ending
    }

    /// FNV-1a: names that were cut stay apart, also after the next start.
    private static func fingerprint(_ text: String) -> String {
        let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
