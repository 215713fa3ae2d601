import Provisioning
import StorageCore
import Synchronization

/// The pools of the part that serves next, which are asked what they hold before there is a catalog: while their devices come up, so
/// that clients do not wait for both.
final class PoolsAhead: Sendable {
    private let make: @Sendable () throws(StorageError) -> [Pool]
    private let pools = Mutex<[Pool]>([])

    /// `make` makes those that need no catalog for it.
    init(make: @escaping @Sendable () throws(StorageError) -> [Pool]) { self.make = make }

    /// New ones each time: what others knew of them may be of an earlier service.
    func look() {
        let made = (try? make()) ?? []
        pools.withLock { $0 = made }
        for pool in made { Task { _ = try? await pool.backend.inventory() } }
    }

    /// Those that were looked at last, once.
    func take() -> [Pool] {
        pools.withLock { pools in
            defer { pools = [] }
            return pools
        }
    }
}
