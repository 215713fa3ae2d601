import Synchronization

/// Lets something happen once a while for each key.
final class Pause<Key: Hashable & Sendable>: Sendable {
    private let length: Duration
    private let last = Mutex<[Key: ContinuousClock.Instant]>([:])

    init(_ length: Duration) { self.length = length }

    /// Whether so much time has passed since this was true the last time for `key`, or it never was.
    func hasPassed(for key: Key) -> Bool {
        last.withLock { last in
            let now = ContinuousClock.now
            last = last.filter { now - $0.value < length }
            guard last[key] == nil else { return false }
            last[key] = now
            return true
        }
    }
}
