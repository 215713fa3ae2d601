import StorageCore
import Synchronization

/// Whose the images are that were looked at: one keeps its id and its volume for as long as it is there, whatever it is called.
final class RBDIdentities: Sendable {
    private let volumes = Mutex<[String: VolumeID]>([:])

    /// Nil if that is not known.
    func volume(of image: String) -> VolumeID? { volumes.withLock { $0[image] } }

    func note(_ image: String, _ volume: VolumeID) { volumes.withLock { $0[image] = volume } }
}
