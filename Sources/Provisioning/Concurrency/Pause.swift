import Synchronization

/// Lets something happen once a while.
final class Pause: Sendable {
    private let length: Duration
    private let last = Mutex(ContinuousClock.now)

    init(_ length: Duration) { self.length = length }

    /// Whether so much time has passed since this was true the last time, or since it was made.
    func hasPassed() -> Bool {
        last.withLock { last in
            let now = ContinuousClock.now
            guard now - last >= length else { return false }
            last = now
            return true
        }
    }
}
