import Glibc

/// mount(2) and umount2(2), called directly: mount(8) reads the whole mount table and costs more the more mounts there
/// are. The calls block while the filesystem replays its log or writes itself out; run them in `BlockingWork`. All need
/// CAP_SYS_ADMIN.
package enum Mounter {
    /// Mounts the filesystem of type `filesystem` on `device` at `path` with nodev and nosuid, and `data` for the
    /// filesystem; with `keepsNames`, what is made, renamed or removed is so on the disk once the call returns (MS_DIRSYNC). EBUSY
    /// (`systemCall`) if the device is mounted with other options, or something claims it.
    package static func mount(
        _ device: String, at path: String, filesystem: String, data: String, keepsNames: Bool = false,
        isReadOnly: Bool = false
    ) throws(HostError) {
        let flags =
            UInt(MS_NODEV) | UInt(MS_NOSUID) | (keepsNames ? UInt(MS_DIRSYNC) : 0) | (isReadOnly ? UInt(MS_RDONLY) : 0)
        try systemCall("mount", "\(device) at \(path)") {
            data.withCString { Glibc.mount(device, path, filesystem, flags, $0) }
        }
    }

    /// Shows the directory `source` at `path` too (mount(2), MS_BIND).
    package static func bind(_ source: String, at path: String) throws(HostError) {
        try systemCall("mount", "\(source) at \(path)") { Glibc.mount(source, path, nil, UInt(MS_BIND), nil) }
    }

    /// Unmounts what is at `path`; never lazily, never by force. EBUSY (`systemCall`) if it is in use, EINVAL if
    /// nothing is mounted there.
    package static func unmount(_ path: String) throws(HostError) {
        try systemCall("umount2", path) { umount2(path, Int32(UMOUNT_NOFOLLOW)) }
    }
}
