import Synchronization

/// Raised by one, seen by all.
final class Flag: Sendable {
    private let state = Atomic(false)

    var isRaised: Bool { state.load(ordering: .acquiring) }
    func lower() { state.store(false, ordering: .releasing) }
    func raise() { state.store(true, ordering: .releasing) }
}
