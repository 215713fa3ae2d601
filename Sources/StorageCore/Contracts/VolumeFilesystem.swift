/// Filesystems on block devices: made once, mounted, grown, frozen. All methods are idempotent, need root, and have a
/// deadline of their own; a tool that does not end in time is `unavailable`.
package protocol VolumeFilesystem: FilesystemProbe {
    /// Ensures a filesystem of `kind` with the UUID `id` on `device`. The only place mkfs runs, and only on a device
    /// proven blank: one that has this very filesystem already is `.unchanged`, anything else on it is `conflict`, a
    /// probe that fails is `unavailable`.
    func format(_ device: DevicePath, as kind: FilesystemKind, id: VolumeID) async throws(StorageError) -> Outcome

    /// Ensures that the copied filesystem on `device` has the UUID `id`, its log replayed. Must not be mounted. It may
    /// grow to its device's size; `grow` after the mount makes sure of it.
    func renew(_ device: DevicePath, as kind: FilesystemKind, id: VolumeID) async throws(StorageError) -> Outcome

    /// Ensures `device` is mounted at `path`, making the directory (mode 0000 while nothing is mounted on it).
    /// `conflict` if something else is mounted there, or the path is somebody's: a link, a file, a directory that is not empty.
    func mount(_ device: DevicePath, as kind: FilesystemKind, at path: MountPath) async throws(StorageError) -> Outcome

    /// Ensures `device` is not mounted at `path`, and the directory is gone, durably, if it is empty then. Without a device,
    /// when its storage is gone: whatever is mounted there and has a filesystem with the UUID `id`. What else is mounted there,
    /// or lies in the directory, is somebody's and stays. `busy`, naming the holders, if it is in use.
    func unmount(_ device: DevicePath?, of id: VolumeID, from path: MountPath) async throws(StorageError) -> Outcome

    /// Ensures the filesystem at `path` fills its device, online.
    func grow(_ path: MountPath, as kind: FilesystemKind) async throws(StorageError) -> Outcome

    /// Flushes and stops writes until `thaw` (FIFREEZE). Frozen already is `.unchanged`.
    func freeze(_ path: MountPath) async throws(StorageError) -> Outcome

    /// Lets writes go on (FITHAW). Not frozen, or not mounted, is `.unchanged`.
    func thaw(_ path: MountPath) async throws(StorageError) -> Outcome

    /// What is mounted at `path`; nil if nothing is. Never blocks on the filesystem itself.
    func mounted(at path: MountPath) async throws(StorageError) -> DevicePath?

    /// Every mount at or below one of `roots`, and whether its filesystem has failed. It costs a look at each, no more.
    func mounts(under roots: Set<String>) async throws(StorageError) -> [MountPath: ObservedMount]

    /// Size and use of the filesystem mounted at `path`; nil if nothing is mounted there. Throws if it cannot be measured,
    /// as of a filesystem that has failed.
    func usage(of path: MountPath) async throws(StorageError) -> FilesystemUsage?
}

package struct ObservedMount: Sendable, Hashable {
    package let device: DevicePath
    /// How a filesystem that has shut itself down after I/O errors answers now; nil for one that works.
    package let failure: String?
    /// The failure of a filesystem that became read-only after an error.
    package static let readOnly = "it is read-only"

    package init(device: DevicePath, failure: String? = nil) {
        self.device = device
        self.failure = failure
    }
}

package struct FilesystemUsage: Sendable, Hashable, Codable {
    package let capacity: ByteCount
    package let used: ByteCount

    package init(capacity: ByteCount, used: ByteCount) {
        self.capacity = capacity
        self.used = used
    }
}
