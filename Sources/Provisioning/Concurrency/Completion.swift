import Synchronization

/// A value that comes once, and those who wait for it as long as they like.
final class Completion<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var waiting: [Int: CheckedContinuation<Value?, Never>] = [:]
        /// Tickets of those who are on their way to wait, and whether their time is over already.
        var entering: [Int: Bool] = [:]
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
            state.entering[state.lastTicket] = false
            return state.lastTicket
        }
        let timer = Task {
            guard (try? await clock.sleep(for: patience)) != nil else { return }
            self.giveUp(ticket)
        }
        defer { timer.cancel() }
        return await withCheckedContinuation { continuation in
            let answer: Value?? = state.withLock { state in
                let isLate = state.entering.removeValue(forKey: ticket) ?? false
                if state.value != nil || isLate { return .some(state.value) }
                state.waiting[ticket] = continuation
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    private func giveUp(_ ticket: Int) {
        let waiter: CheckedContinuation<Value?, Never>? = state.withLock { state in
            if let waiter = state.waiting.removeValue(forKey: ticket) { return waiter }
            if state.entering[ticket] != nil { state.entering[ticket] = true }
            return nil
        }
        waiter?.resume(returning: nil)
    }
}
