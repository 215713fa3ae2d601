import HostTools
import StorageCore
import Synchronization

/// What was admitted and does not show in the pool yet.
final class RBDPromises: Sendable {
    private struct Promise {
        let images: [String]
        let capacity: ByteCount
    }

    private let promises = Mutex<[VolumeID: Promise]>([:])
    let gate = SerialGate()

    /// The images that count with what was promised for them, and not with what they have.
    var images: [String] { promises.withLock { $0.values.flatMap(\.images) } }
    var total: ByteCount { promises.withLock { $0.values.reduce(.zero) { $0 + $1.capacity } } }

    /// Counts `images`, which are the volume's, with `capacity` until `end`.
    func begin(_ volume: VolumeID, _ images: [String], _ capacity: ByteCount) {
        promises.withLock { $0[volume] = Promise(images: images, capacity: capacity) }
    }

    func end(_ volume: VolumeID) { _ = promises.withLock { $0.removeValue(forKey: volume) } }
}
