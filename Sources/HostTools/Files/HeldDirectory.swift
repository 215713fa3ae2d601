import Glibc

/// A directory that is held open: what is mounted there cannot be unmounted meanwhile.
package final class HeldDirectory: Sendable {
    private let descriptor: Descriptor

    /// Throws `systemCall` if it is no directory, or cannot be opened.
    package init(_ path: String) throws(HostError) {
        descriptor = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    /// The device number of the filesystem that is mounted there; nil if nothing is.
    package func mountedDevice(_ path: String) throws(HostError) -> DeviceNumber? {
        try MountPoint.device(of: descriptor, path)
    }
}
