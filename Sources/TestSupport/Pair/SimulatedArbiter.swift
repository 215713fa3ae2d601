import HighAvailability
import StorageCore
import Synchronization

/// One node's way to an arbiter in memory, which can be cut.
package final class SimulatedArbiter: Arbiter {
    /// What all nodes share.
    package final class Place: Sendable {
        fileprivate struct State {
            var holder: (node: NodeName, until: ContinuousClock.Instant)?
            var note = ArbiterNote(ahead: nil, version: "0")
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

    package var identity: String { "simulated" }

    package func hold() async throws(StorageError) -> ArbiterNote {
        try reach()
        let (holder, note) = place.state.withLock { state in
            if let holder = state.holder, holder.node != node, holder.until > .now { return (holder.node, state.note) }
            state.holder = (node, .now + term)
            return (node, state.note)
        }
        guard holder == node else { throw StorageError(.conflict, "\(holder) has the lease") }
        return note
    }

    package func look() async throws(StorageError) -> ArbiterNote {
        try reach()
        return place.state.withLock { $0.note }
    }

    package func release() async throws(StorageError) {
        try reach()
        place.state.withLock { if $0.holder?.node == node { $0.holder = nil } }
    }

    package func write(ahead name: NodeName?, over note: ArbiterNote) async throws(StorageError) {
        try reach()
        let isWritten = place.state.withLock { state in
            guard let holder = state.holder, holder.node == node, holder.until > .now, state.note == note else {
                return false
            }
            state.note = ArbiterNote(ahead: name, version: "\((Int(note.version) ?? 0) + 1)")
            return true
        }
        guard isWritten else {
            throw StorageError(.conflict, "this node has not got the lease, or the note is another")
        }
    }

    private func reach() throws(StorageError) {
        guard isReachable.withLock({ $0 }) else { throw StorageError(.unavailable, "the arbiter does not answer") }
    }
}
