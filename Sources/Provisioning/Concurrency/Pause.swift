import StorageCore
import Synchronization

/// When what did not succeed may be tried again, for each key on its own.
final class Pause<Key: Hashable & Sendable>: Sendable {
    private let fresh: Backoff
    private let tries = Mutex<[Key: Backoff]>([:])

    init(_ fresh: Backoff) { self.fresh = fresh }

    func isOver(for key: Key) -> Bool { tries.withLock { $0[key]?.isDue(at: .now) ?? true } }

    /// It is tried.
    func note(_ key: Key) {
        tries.withLock { tries in
            let now = ContinuousClock.now
            tries = tries.filter { !$0.value.hasLasted(at: now) }
            tries[key, default: fresh].note(at: now)
        }
    }
}
