import HostTools
import StorageCore

/// Every invocation of LVM, as values. Pure. Reports are asked for in JSON and bytes; nothing prompts (`--yes`), and
/// nothing is seen but `devices` (lvm(8)), so that a foreign volume group, a loop device or the inside of a volume can
/// neither slow LVM down nor be mistaken for ours.
struct LVMTools: Sendable {
    static let names: [ToolName] = [.lvm]

    let names: LVMNames
    private let lvm: Tool

    init(group: String, toolbox: Toolbox) throws(HostError) {
        names = LVMNames(group: group)
        lvm = try toolbox.require(.lvm)
    }

    /// The devices of the group, looked for among all that the machine's own configuration lets LVM see.
    var findDevices: Invocation {
        invocation(["vgs", "--reportformat", "json", "--options", "pv_name,vg_name", "--select", "vg_name=\(group)"])
    }

    func report(_ devices: [String]) -> Invocation {
        let selected: [(String, String)] = [
            ("vg", "vg_size,vg_free,vg_extent_size,vg_missing_pv_count"), ("pv", "pv_name"),
            (
                "lv",
                "lv_uuid,lv_name,lv_size,lv_tags,lv_layout,lv_active,lv_skip_activation,lv_device_open,origin,origin_size,pool_lv,data_percent,"
                    + "metadata_percent,lv_metadata_size"
            ),
            ("pvseg", "pvseg_start"), ("seg", "seg_start"),
        ]
        let columns = selected.flatMap { ["--configreport", $0.0, "--options", $0.1] }
        return invocation(
            ["fullreport", "--reportformat", "json", "--units", "b", "--nosuffix"] + columns + [group], devices)
    }

    /// Active and without known signatures: LVM wipes them, and the first 4 KiB, before it answers.
    func create(
        _ name: String, _ size: ByteCount, in thinPool: String?, tags: StorageMark, _ devices: [String]
    ) -> Invocation {
        let place =
            thinPool.map { ["--type", "thin", "--thinpool", $0, "--virtualsize", Self.argument(size)] }
            ?? ["--wipesignatures", "y", "--zero", "y", "--size", Self.argument(size)]
        return invocation(["lvcreate", "--yes", "--name", name] + place + Self.adding(tags) + [group], devices)
    }

    /// Of a thick volume with room for every block of it, so that it never overflows. Thin ones share their pool's.
    func snapshot(
        _ name: String, of origin: String, isThin: Bool, tags: StorageMark, _ devices: [String]
    ) -> Invocation {
        let place = isThin ? ["--setactivationskip", "n"] : ["--extents", "100%ORIGIN"]
        return invocation(
            ["lvcreate", "--yes", "--snapshot", "--name", name] + place + Self.adding(tags) + ["\(group)/\(origin)"],
            devices)
    }

    func extend(_ name: String, to size: ByteCount, _ devices: [String]) -> Invocation {
        invocation(["lvextend", "--yes", "--size", Self.argument(size), "\(group)/\(name)"], devices)
    }

    /// By their UUIDs: whatever else has such a name by now stays.
    func remove(_ uuids: [String], _ devices: [String]) -> Invocation {
        let selection = uuids.map { "lv_uuid=\($0)" }.joined(separator: " || ")
        return invocation(["lvremove", "--yes", "--select", selection, group], devices)
    }

    func activate(_ names: [String], _ isActive: Bool, _ devices: [String]) -> Invocation {
        invocation(
            ["lvchange", "--activate", isActive ? "y" : "n"] + names.map { "\(group)/\($0)" }, devices,
            deadline: .seconds(60 + names.count))
    }

    func retag(_ name: String, from old: StorageMark.Role, to new: StorageMark.Role, _ devices: [String]) -> Invocation
    {
        invocation(
            [
                "lvchange", "--deltag", StorageMark.roleTag(old), "--addtag",
                StorageMark.roleTag(new), "\(group)/\(name)",
            ], devices)
    }

    /// By its UUID, with all its tags at once. `old` are those of ours that it has.
    func tag(_ uuid: String, from old: StorageMark?, to new: StorageMark, _ devices: [String]) -> Invocation {
        let outdated = (old?.tags ?? []).filter { !new.tags.contains($0) }
        return invocation(
            ["lvchange"] + outdated.flatMap { ["--deltag", $0] } + Self.adding(new)
                + ["--select", "lv_uuid=\(uuid)", group], devices)
    }

    var group: String { names.group }

    /// Whole sectors, which is all that LVM takes; it rounds up to extents.
    private static func argument(_ size: ByteCount) -> String { "\((size.bytes - 1) / 512 + 1)s" }

    private static func adding(_ tags: StorageMark) -> [String] { tags.tags.flatMap { ["--addtag", $0] } }

    private func invocation(
        _ arguments: [String], _ devices: [String] = [], deadline: Duration = .seconds(60)
    ) -> Invocation {
        var all = arguments
        if !devices.isEmpty { all.insert(contentsOf: ["--devices", devices.joined(separator: ",")], at: 1) }
        return Invocation(lvm, all, deadline: deadline, outputLimit: 64 << 20)
    }
}
