import Glibc

/// Devices of device-mapper, as sysfs shows them (Documentation/ABI/testing/sysfs-block-dm).
package enum DeviceMapper {
    /// The UUID of the device at `path`, as whoever made it set it: `LVM-` and 64 characters for a logical volume. Nil
    /// if nothing is at `path`, or it is no device of device-mapper.
    package static func uuid(of path: String) throws(HostError) -> String? {
        do throws(HostError) {
            return try attribute("uuid", of: DeviceNumber.ofBlockDevice(path))
        } catch  where error.errorNumber == ENOENT {
            return nil
        }
    }

    /// The name under `/dev/mapper`; nil if it is no device of device-mapper.
    static func name(of device: DeviceNumber) throws(HostError) -> String? { try attribute("name", of: device) }

    /// The device-mapper name of a logical volume: hyphens of both parts are doubled (lvm(8), "VALID NAMES").
    package static func name(ofLogicalVolume volume: String, in group: String) -> String {
        "\(escaped(group))-\(escaped(volume))"
    }

    private static func escaped(_ part: String) -> String {
        part.split(separator: "-", omittingEmptySubsequences: false).joined(separator: "--")
    }

    /// Where udev(7) makes the links to devices, by their names.
    package static let directory = "/dev/mapper"

    /// Ensures the links of those of `names` that the kernel has: udev(7) makes the same ones, only later. Needs root.
    package static func ensureLinks(of names: some Sequence<String>) throws(HostError) {
        let missing = Set(names.filter { (try? DeviceNumber.ofBlockDevice("\(directory)/\($0)").isNamed($0)) != true })
        guard !missing.isEmpty else { return }
        for node in try Directory.names(in: "/sys/block") ?? [] where node.hasPrefix("dm-") {
            guard let name = try text("/sys/block/\(node)/dm/name"), missing.contains(name) else { continue }
            try link(node, name)
        }
    }

    /// Whatever has the name gives way: it is another device's, or none's any more.
    private static func link(_ node: String, _ name: String) throws(HostError) {
        let (path, draft) = ("\(directory)/\(name)", "\(directory)/.\(name).\(UInt64.random(in: 0 ... .max))")
        try systemCall("symlink", draft) { symlink("../\(node)", draft) }
        try systemCall("rename", path) { rename(draft, path) }
    }

    private static func attribute(_ name: String, of device: DeviceNumber) throws(HostError) -> String? {
        try text("/sys/dev/block/\(device)/dm/\(name)")
    }

    private static func text(_ path: String) throws(HostError) -> String? {
        guard let bytes = try DurableFile.read(path, limit: 4096) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        return text.last == "\n" ? String(text.dropLast()) : text
    }
}

extension DeviceNumber {
    fileprivate func isNamed(_ name: String) throws(HostError) -> Bool { try DeviceMapper.name(of: self) == name }
}
