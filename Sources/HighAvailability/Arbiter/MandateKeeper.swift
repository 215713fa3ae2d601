import StorageCore
import Synchronization

/// A node's mandate, for the driver that seeks it and the ports that are open as long as it lasts.
package final class MandateKeeper: Sendable {
    let term: Duration
    private let mandate: Mutex<Mandate>

    package init(term: Duration) {
        self.term = term
        mandate = Mutex(Mandate(term: term))
    }

    func note(askedAt instant: ContinuousClock.Instant) { mandate.withLock { $0.note(askedAt: instant) } }

    /// For how long from now; nil if it is over.
    var rest: Duration? { mandate.withLock { $0.rest(at: .now) } }
}
