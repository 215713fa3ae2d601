import CHostShims
import Glibc

/// Whether something is mounted at a path, asked by statx(2): it costs the same with one mount and with thousands.
package enum MountPoint {
    /// The device number of the filesystem mounted at `path`; nil if nothing is mounted there or there is no such path. One
    /// that has shut itself down answers no more than EIO; then the mount table knows.
    package static func device(at path: String) throws(HostError) -> DeviceNumber? {
        do throws(HostError) {
            return try answering(at: path)
        } catch  where error.errorNumber == EIO {
            return try MountTable.current().last { $0.mountPoint == path }?.device
        }
    }

    /// The same of a filesystem that works; EIO (`systemCall`) from one that has shut itself down.
    package static func answering(at path: String) throws(HostError) -> DeviceNumber? {
        let flags = AT_SYMLINK_NOFOLLOW | host_at_no_automount | host_at_statx_dont_sync
        do {
            return try device(AT_FDCWD, path, flags, path)
        } catch HostError.systemCall(_, ENOENT, _) {
            return nil
        } catch HostError.systemCall(_, ENOTDIR, _) {
            return nil
        }
    }

    /// The same of an open directory.
    static func device(of directory: borrowing Descriptor, _ path: String) throws(HostError) -> DeviceNumber? {
        try device(directory.raw, "", host_at_empty_path | host_at_statx_dont_sync, path)
    }

    private static func device(
        _ directory: Int32, _ path: String, _ flags: Int32, _ subject: String
    ) throws(HostError) -> DeviceNumber? {
        var result = statx()
        try systemCall("statx", subject) { host_statx(directory, path, flags, &result) }
        guard result.stx_attributes_mask & host_statx_attr_mount_root != 0 else {
            throw HostError.unexpected("this kernel does not say what is a mount point; Linux 5.8 or newer is needed")
        }
        guard result.stx_attributes & host_statx_attr_mount_root != 0 else { return nil }
        return DeviceNumber(major: result.stx_dev_major, minor: result.stx_dev_minor)
    }
}

extension DeviceNumber {
    /// The number of the block device at `path`. Throws `systemCall` if it is not there, `unexpected` if it is no block
    /// device.
    package static func ofBlockDevice(_ path: String) throws(HostError) -> DeviceNumber {
        var status = stat()
        try systemCall("stat", path) { stat(path, &status) }
        guard status.st_mode & S_IFMT == S_IFBLK else { throw HostError.unexpected("\(path) is not a block device") }
        return DeviceNumber(status.st_rdev)
    }

    /// The device's node, as sysfs names it: `/dev/loop3` for `7:3`, and by its name under `/dev/mapper` where it has
    /// one; nil if the kernel has no such block device.
    package func blockDevicePath() throws(HostError) -> String? {
        if let name = try DeviceMapper.name(of: self) { return "/dev/mapper/\(name)" }
        guard let name = try linkTarget("/sys/dev/block/\(self)")?.split(separator: "/").last else { return nil }
        // sysfs writes the slash of names like cciss/c0d0 as an exclamation mark.
        return "/dev/" + name.split(separator: "!").joined(separator: "/")
    }

    /// Whether what is on this block device lies on `other`, itself or through the devices below it
    /// (Documentation/ABI/testing/sysfs-block: slaves).
    package func rests(on other: DeviceNumber) throws(HostError) -> Bool {
        if self == other { return true }
        let slaves = "/sys/dev/block/\(self)/slaves"
        for name in try Directory.names(in: slaves) ?? [] {
            let numbers = try ControlFile.read("\(slaves)/\(name)/dev")?.split(separator: ":").compactMap { UInt32($0) }
            guard let numbers, numbers.count == 2 else { continue }
            if try DeviceNumber(major: numbers[0], minor: numbers[1]).rests(on: other) { return true }
        }
        return false
    }
}
