import Glibc
import HostTools
import RBDWire
import StorageCore
import Synchronization

/// A lease that Ceph itself keeps, in an object of the pool, and a text beside it. With a connection of its own, so that nothing is in its
/// way. Only a pair whose `SharedRecord` is there holds it.
package final class RBDLease: Sendable {
    private let helper: RBDHelper
    private let place: RBDPlace
    private let pair: String
    private let holder: String
    private let seconds: Int64
    private let object: String
    private let heldAt = Mutex<ContinuousClock.Instant?>(nil)

    /// What one question may take.
    private static let patience = Duration.seconds(2)

    /// `toolbox` holds `RBDBackend.requiredTools`.
    init(_ place: RBDPlace, holder: NodeName, pair: String, seconds: Int, toolbox: Toolbox) throws(StorageError) {
        self.place = place
        self.pair = pair
        self.holder = "\(holder) of \(pair)"
        self.seconds = Int64(seconds)
        object = RBDNames(prefix: place.prefix).lease
        do throws(HostError) {
            helper = RBDHelper(try place.companion(toolbox), patience: Self.patience)
        } catch {
            throw StorageError(host: error, "opening the Ceph pool \(place.path)")
        }
    }

    /// Ensures that the holder has it, for so long from now on. Throws `conflict` if another has, or if the prefix is another pair's.
    package func hold() async throws(StorageError) {
        try await checkPair()
        let asked = ContinuousClock.now
        do throws(RBDFailure) {
            try await helper.ask(.hold(object: object, holder: holder, seconds: seconds))
            heldAt.withLock { $0 = asked }
        } catch  where error.code == EBUSY {
            throw StorageError(.conflict, "the other node has the lease \(object) in the Ceph pool \(place.path)")
        } catch {
            throw StorageError(rbd: error, place)
        }
    }

    /// Nobody else takes a prefix whose lease is held.
    private func checkPair() async throws(StorageError) {
        if let heldAt = heldAt.withLock({ $0 }), ContinuousClock.now - heldAt < .seconds(seconds) { return }
        let (text, _) = try await helper.note(in: RBDNames(prefix: place.prefix).record, place)
        _ = try SharedLedger.check(try SharedLedger.parse(text, place), pair, place)
    }

    /// Ensures that the holder has not got it.
    package func letGo() async throws(StorageError) {
        try await helper.ask(.letGo(object: object, holder: holder), in: place)
    }

    /// What is written beside it, and its version.
    package func read() async throws(StorageError) -> (text: String, version: String) {
        try await helper.note(in: object, place)
    }

    /// Writes it in the place of what has the version. Throws `conflict` if something else is there by now.
    package func write(_ text: String, over version: String) async throws(StorageError) {
        guard try await helper.write(text, in: object, over: version, place) else {
            throw StorageError(
                .conflict, "something else is written in \(object) in the Ceph pool \(place.path) by now")
        }
    }
}
