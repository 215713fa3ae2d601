import Synchronization

/// A value that comes once, and those who wait for it as long as they like.
final class Completion<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var waiting: [Int: CheckedContinuation<Value?, Never>] = [:]
        var lastTicket = 0
    }

    private let state = Mutex(State())

    /// The first value counts; later ones are ignored.
    func finish(_ value: Value) {
        let waiting = state.withLock { state in
            guard state.value == nil else { return [CheckedContinuation<Value?, Never>]() }
            state.value = value
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for waiter in waiting { waiter.resume(returning: value) }
    }

    /// The value, or nil if it does not come within `patience`.
    func value(within patience: Duration, clock: any Clock<Duration>) async -> Value? {
        let ticket = state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
        let timer = Task {
            try? await clock.sleep(for: patience)
            self.giveUp(ticket)
        }
        defer { timer.cancel() }
        return await withCheckedContinuation { continuation in
            let value = state.withLock { state in
                if state.value == nil { state.waiting[ticket] = continuation }
                return state.value
            }
            if let value { continuation.resume(returning: value) }
        }
    }

    private func giveUp(_ ticket: Int) {
        state.withLock { $0.waiting.removeValue(forKey: ticket) }?.resume(returning: nil)
    }
}
