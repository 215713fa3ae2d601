import Glibc

/// What a file takes, which it is, and when it was changed.
package struct FileFacts: Hashable, Sendable {
    package let id: FileID
    package let size: Int64
    /// What it takes on the disk; less than its size if it is sparse.
    package let allocated: Int64
    package let isRegular: Bool
    /// Its permissions.
    package let mode: mode_t
    package let user: uid_t
    package let group: gid_t
    /// When its content or its inode was changed last, in nanoseconds since 1970, to the kernel's tick of some
    /// milliseconds.
    package let changedAt: Int64

    /// Nil if there is no such file. Links are not followed.
    package static func of(_ path: String) throws(HostError) -> FileFacts? {
        var status = stat()
        if lstat(path, &status) != 0 {
            if errno == ENOENT { return nil }
            throw HostError.systemCall(name: "lstat", errno: errno, subject: path)
        }
        return FileFacts(status)
    }

    init(_ status: stat) {
        id = FileID(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        size = Int64(status.st_size)
        mode = status.st_mode & 0o7777
        user = status.st_uid
        group = status.st_gid
        // In units of 512 bytes, whatever the filesystem's block size (stat(2)).
        allocated = Int64(status.st_blocks) * 512
        isRegular = status.st_mode & S_IFMT == S_IFREG
        changedAt = Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
    }
}
