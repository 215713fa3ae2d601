import CHostShims
import Glibc

/// What can be asked of a mounted filesystem as a whole.
package enum FilesystemControl {
    /// Flushes the filesystem mounted at `path` and stops writes to it (FIFREEZE, ioctl_fifreeze(2)). True if it did,
    /// false if it was frozen. Refuses a path that is no mount point, because it would freeze the filesystem that holds
    /// it.
    package static func freeze(_ path: String) throws(HostError) -> Bool {
        let directory = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY)
        guard try MountPoint.device(of: directory, path) != nil else {
            throw HostError.unexpected("\(path) is not a mount point; it is not frozen")
        }
        do {
            try systemCall("FIFREEZE", path) { host_freeze(directory.raw) }
            return true
        } catch HostError.systemCall(_, EBUSY, _) {
            return false
        }
    }

    /// Lets writes go on. True if it did; false if it was not frozen, nothing is mounted at `path`, or there is no such
    /// path.
    package static func thaw(_ path: String) throws(HostError) -> Bool {
        do throws(HostError) {
            let directory = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY)
            guard try MountPoint.device(of: directory, path) != nil else { return false }
            try systemCall("FITHAW", path) { host_thaw(directory.raw) }
            return true
        } catch  where [EINVAL, ENOENT, EIO].contains(error.errorNumber) {
            // EIO: a filesystem that has shut itself down holds nobody's writes back, it fails them.
            return false
        }
    }

    /// Discards what is free in a part of the filesystem mounted at `path` (FITRIM); answers how many bytes. None beyond its end,
    /// and none if its device takes nothing back.
    package static func trim(_ path: String, from start: Int64, count: Int64) throws(HostError) -> Int64 {
        let directory = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY)
        guard try MountPoint.device(of: directory, path) != nil else {
            throw HostError.unexpected("\(path) is not a mount point; it is not trimmed")
        }
        var trimmed: UInt64 = 0
        do throws(HostError) {
            try systemCall("FITRIM", path) { host_trim(directory.raw, UInt64(start), UInt64(count), &trimmed) }
        } catch  where [EOPNOTSUPP, EINVAL].contains(error.errorNumber) {
            return 0
        }
        return Int64(clamping: trimmed)
    }

    /// statvfs(3) of the filesystem that holds `path`.
    package static func space(of path: String) throws(HostError) -> FilesystemSpace {
        var status = statvfs()
        try systemCall("statvfs", path) { statvfs(path, &status) }
        let unit = Int64(status.f_frsize)
        return FilesystemSpace(
            total: Int64(status.f_blocks) * unit, free: Int64(status.f_bfree) * unit,
            available: Int64(status.f_bavail) * unit, files: Int64(clamping: status.f_files),
            freeFiles: Int64(clamping: status.f_favail))
    }
}

package struct FilesystemSpace: Hashable, Sendable {
    package let total: Int64
    package let free: Int64
    /// Without what the filesystem keeps for root.
    package let available: Int64
    /// How many inodes there can be; 0 where nobody counts them.
    package let files: Int64
    package let freeFiles: Int64

    package init(total: Int64, free: Int64, available: Int64, files: Int64 = 0, freeFiles: Int64 = 0) {
        self.total = total
        self.free = free
        self.available = available
        self.files = files
        self.freeFiles = freeFiles
    }
}
