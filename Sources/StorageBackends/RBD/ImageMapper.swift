import RBDWire
import StorageCore

/// How images become block devices of this host: by the kernel's own client, or by rbd-nbd(8) where it has none. Needs root.
///
/// Errors: `busy` if the device is in use, `unavailable` when it takes too long or the cluster does not let this node in.
protocol ImageMapper: Sendable {
    /// The pool's images that are mapped. Snapshots are left out; without `cluster` those of another one's equal pool are not.
    func mappings(_ cluster: RBDConnection?) async throws(StorageError) -> [ImageMapping]

    /// Maps the image, which is not mapped here.
    func map(_ image: String, _ cluster: RBDConnection) async throws(StorageError)

    /// Throws `unavailable` while a mapping of the image that was given up may still come to pass.
    func settle(_ image: String) async throws(StorageError)

    /// Ensures that it is not mapped any more. Never one that is in use.
    func unmap(_ mapping: ImageMapping) async throws(StorageError)
}

/// An image that is mapped.
struct ImageMapping: Hashable, Sendable {
    let image: String
    let device: DevicePath
    /// Which image had the name when it was mapped; nil if that is not known.
    var id: String?
    /// The address by which the cluster knows who has it; nil where each image has another.
    var client: String?

    func isOf(_ image: RBDImage) -> Bool { self.image == image.name && (id == nil || id == image.id) }
}

extension [ImageMapping] {
    func first(of image: RBDImage) -> ImageMapping? { first { $0.isOf(image) } }
}
