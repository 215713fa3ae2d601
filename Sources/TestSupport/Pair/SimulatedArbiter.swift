import HighAvailability
import StorageCore
import Synchronization

/// One node's way to an arbiter in memory, which can be cut.
package final class SimulatedArbiter: Arbiter {
    /// What all nodes share.
    package final class Place: Sendable {
        fileprivate struct State {
            var holder: (node: NodeName, until: ContinuousClock.Instant)?
            var ahead: NodeName?
        }
        fileprivate let state = Mutex(State())
        package init() {}
    }

    package let term: Duration
    private let node: NodeName
    private let place: Place
    private let isReachable = Mutex(true)

    package init(_ node: NodeName, at place: Place, term: Duration) {
        self.node = node
        self.place = place
        self.term = term
    }

    package func set(isReachable: Bool) { self.isReachable.withLock { $0 = isReachable } }

    package func hold() async throws(StorageError) -> NodeName? {
        try reach()
        let (holder, ahead) = place.state.withLock { state in
            if let holder = state.holder, holder.node != node, holder.until > .now { return (holder.node, state.ahead) }
            state.holder = (node, .now + term)
            return (node, state.ahead)
        }
        guard holder == node else { throw StorageError(.conflict, "\(holder) has the lease") }
        return ahead
    }

    package func release() async throws(StorageError) {
        try reach()
        place.state.withLock { if $0.holder?.node == node { $0.holder = nil } }
    }

    package func note(ahead name: NodeName?) async throws(StorageError) {
        try reach()
        let isHeld = place.state.withLock { state in
            guard let holder = state.holder, holder.node == node, holder.until > .now else { return false }
            state.ahead = name
            return true
        }
        guard isHeld else { throw StorageError(.conflict, "this node has not got the lease") }
    }

    private func reach() throws(StorageError) {
        guard isReachable.withLock({ $0 }) else { throw StorageError(.unavailable, "the arbiter does not answer") }
    }
}
