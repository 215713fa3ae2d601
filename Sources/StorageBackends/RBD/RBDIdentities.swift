import StorageCore
import Synchronization

/// Whose the mapped images are that were looked at. An image keeps its id and its volume for as long as it is there, whatever it is called; and
/// the kernel's client that has it was let in.
final class RBDIdentities: Sendable {
    private struct Mapped: Hashable {
        let image: String
        let client: String?
    }

    private let volumes = Mutex<[Mapped: VolumeID]>([:])

    /// Nil if that is not known.
    func volume(of mapping: ImageMapping) -> VolumeID? {
        mapping.id.flatMap { id in volumes.withLock { $0[Mapped(image: id, client: mapping.client)] } }
    }

    func note(_ mapping: ImageMapping, _ volume: VolumeID) {
        guard let id = mapping.id else { return }
        volumes.withLock { $0[Mapped(image: id, client: mapping.client)] = volume }
    }
}
