import Synchronization

/// A value that comes once, and those who wait for it as long as they like.
package final class Completion<Value: Sendable>: Sendable {
    private enum Door: Comparable { case door }

    private let result = Mutex<Value?>(nil)
    /// Held until the value is there; whoever waits for the value waits for this.
    private let door = KeyedLock<Door>()

    package init() { _ = door.tryAcquire(.door) }

    /// The first value counts; later ones are ignored.
    package func finish(_ value: Value) {
        let isFirst = result.withLock { result in
            guard case nil = result else { return false }
            result = value
            return true
        }
        if isFirst { door.release([.door]) }
    }

    /// The value, or nil if it does not come within `patience` or before the task is cancelled.
    package func value(within patience: Duration, clock: any Clock<Duration>) async -> Value? {
        if await door.acquire([.door], patience: patience, clock: clock) { door.release([.door]) }
        return result.withLock { $0 }
    }
}
