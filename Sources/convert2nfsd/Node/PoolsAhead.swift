import Provisioning
import StorageCore
import Synchronization

/// The pools of the part that serves next, which get ready before there is a catalog: while their devices come up, or while the node does
/// not serve, so that clients wait for neither.
final class PoolsAhead: Sendable {
    private let make: @Sendable () throws(StorageError) -> [Pool]
    private let state = Mutex(State())

    private struct State {
        var pools: [Pool] = []
        var looks: [Task<Void, Never>] = []
    }

    /// `make` makes those that need no catalog for it.
    init(make: @escaping @Sendable () throws(StorageError) -> [Pool]) { self.make = make }

    /// Begins to make those ready that nobody has taken, or new ones.
    func prepare() {
        state.withLock { state in
            if state.pools.isEmpty { state.pools = (try? make()) ?? [] }
            state.looks = state.pools.map { pool in Task { await pool.backend.prepare() } }
        }
    }

    /// Nothing holds the devices any more: they are to go, and what is known of them with them.
    func end() async {
        let looks = state.withLock { state in
            defer { state = State() }
            return state.looks
        }
        for look in looks {
            look.cancel()
            await look.value
        }
    }

    /// Each once.
    func take() -> [Pool] {
        state.withLock { state in
            defer { state.pools = [] }
            return state.pools
        }
    }
}
