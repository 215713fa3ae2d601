/// Gives back to pools what filesystems have freed. Needs root.
package protocol FilesystemTrimmer: Sendable {
    /// Ensures that the device of the filesystem mounted at `path` holds nothing where that has nothing, within its part of `count` bytes from
    /// `start` on. Answers how much was given back, as far as the filesystem knows; zero of a device that takes nothing back. It may go on
    /// beside all else that is done to the volume but unmounting it. Errors: `unavailable` if it does not end in time.
    func trim(_ path: MountPath, from start: ByteCount, count: ByteCount) async throws(StorageError) -> ByteCount
}
