import Provisioning
import StorageCore
import Synchronization

/// The pools of the part that serves next, which are asked what they hold before there is a catalog: while their devices come up, so
/// that clients do not wait for both.
final class PoolsAhead: Sendable {
    private let make: @Sendable () throws(StorageError) -> [Pool]
    private let state = Mutex(State())

    private struct State {
        var pools: [Pool] = []
        var looks: [Task<Void, Never>] = []
    }

    /// `make` makes those that need no catalog for it.
    init(make: @escaping @Sendable () throws(StorageError) -> [Pool]) { self.make = make }

    /// New ones each time: what others knew of them may be of an earlier service.
    func look() {
        let made = (try? make()) ?? []
        let looks = made.map { pool in Task { _ = try? await pool.backend.inventory() } }
        state.withLock { $0 = State(pools: made, looks: $0.looks + looks) }
    }

    /// Nothing holds the devices any more: they are to go.
    func end() async {
        let looks = state.withLock { state in
            defer { state.looks = [] }
            return state.looks
        }
        for look in looks {
            look.cancel()
            await look.value
        }
    }

    /// Those that were looked at last, once.
    func take() -> [Pool] {
        state.withLock { state in
            defer { state.pools = [] }
            return state.pools
        }
    }
}
