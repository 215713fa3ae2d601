import CHostShims
import Glibc

/// A directory that is held open: what is mounted there cannot be unmounted meanwhile.
package final class HeldDirectory: Sendable {
    private let descriptor: Descriptor

    /// Throws `systemCall` if it is no directory, or cannot be opened.
    package init(_ path: String) throws(HostError) {
        descriptor = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    /// Writes all that its filesystem has not written yet to the disk (syncfs(2)). Blocks.
    package func syncFilesystem() throws(HostError) {
        try systemCall("syncfs", "a filesystem") { host_syncfs(descriptor.raw) }
    }
}
