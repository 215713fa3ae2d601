/// Tells what lies on block devices. It reads, and changes nothing. Needs root.
package protocol FilesystemProbe: Sendable {
    /// The filesystem on `device`, mounted or not; nil if there is none of those that volumes have. Errors: `unavailable` if
    /// the device cannot be read.
    func identify(_ device: DevicePath) async throws(StorageError) -> IdentifiedFilesystem?
}

/// A filesystem by what its superblock says.
package struct IdentifiedFilesystem: Hashable, Sendable {
    package let kind: FilesystemKind
    package let id: VolumeID

    package init(kind: FilesystemKind, id: VolumeID) {
        self.kind = kind
        self.id = id
    }
}
