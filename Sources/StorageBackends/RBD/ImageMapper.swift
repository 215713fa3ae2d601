import RBDWire
import StorageCore

/// How images become block devices of this host: by the kernel's own client, or by rbd-nbd(8) where it has none. Needs root.
///
/// Errors: `busy` if the device is in use, `unavailable` when it takes too long or the cluster does not let this node in.
protocol ImageMapper: Sendable {
    /// The pool's images that are mapped, by their names. Snapshots are left out.
    func mappings(_ cluster: RBDConnection) async throws(StorageError) -> [String: ImageMapping]

    /// Maps the image, which is not mapped here.
    func map(_ image: String, _ cluster: RBDConnection) async throws(StorageError)

    /// Ensures that it is not mapped any more. Never one that is in use.
    func unmap(_ mapping: ImageMapping) async throws(StorageError)
}

/// An image that is mapped.
struct ImageMapping: Hashable, Sendable {
    let image: String
    let device: DevicePath
}
