/// One line of `/proc/self/mountinfo` (proc_pid_mountinfo(5)).
package struct MountEntry: Hashable, Sendable {
    package let id: Int
    package let parent: Int
    package let device: DeviceNumber
    /// What of the filesystem is mounted: `/` unless it is a bind mount of a part of it.
    package let root: String
    package let mountPoint: String
    package let options: [String]
    package let filesystem: String
    /// For a block device its path, as whoever mounted it wrote it.
    package let source: String
    /// The superblock's own, the same for all its mounts; `ro` is here when the filesystem itself is read-only.
    package let superblockOptions: [String]

    /// Nil if there is none below it. Some filesystems (btrfs) show a number that is no device's; of those it is the source.
    package var blockDevice: DeviceNumber? { device.major == 0 ? try? .ofBlockDevice(source) : device }
}

/// Every mount of this process's namespace. Reading it costs more the more mounts there are; for one path ask
/// `MountPoint`, which does not.
package enum MountTable {
    package static func current() throws(HostError) -> [MountEntry] {
        let bytes = try DurableFile.read("/proc/self/mountinfo", limit: 64 << 20) ?? []
        return try parse(bytes)
    }

    /// Pure. Throws `unexpected` with the first line that is not of the documented form.
    package static func parse(_ text: [UInt8]) throws(HostError) -> [MountEntry] {
        var entries: [MountEntry] = []
        for line in text.split(separator: 0x0A) {
            guard let entry = entry(line) else {
                throw HostError.unexpected(
                    "\"\(String(decoding: line, as: UTF8.self))\" is not a line of mountinfo (proc_pid_mountinfo(5))")
            }
            entries.append(entry)
        }
        return entries
    }

    private static func entry(_ line: ArraySlice<UInt8>) -> MountEntry? {
        let fields = line.split(separator: 0x20)
        // Fields 1 to 6, optional fields, a single hyphen, then type, source and the superblock's options.
        guard fields.count >= 9, let hyphen = fields[6...].firstIndex(of: [0x2D]), fields.count >= hyphen + 4,
            let id = Int(plain(fields[0])), let parent = Int(plain(fields[1]))
        else { return nil }
        let numbers = plain(fields[2]).split(separator: ":").compactMap { UInt32($0) }
        guard numbers.count == 2 else { return nil }
        return MountEntry(
            id: id, parent: parent, device: DeviceNumber(major: numbers[0], minor: numbers[1]),
            root: OctalEscapes.decode(fields[3]), mountPoint: OctalEscapes.decode(fields[4]),
            options: list(fields[5]), filesystem: plain(fields[hyphen + 1]),
            source: OctalEscapes.decode(fields[hyphen + 2]),
            superblockOptions: list(fields[hyphen + 3]))
    }

    private static func plain(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func list(_ bytes: ArraySlice<UInt8>) -> [String] {
        plain(bytes).split(separator: ",").map(String.init)
    }
}
