/// Calls back at an instant, on one thread that does nothing else, so that a deadline comes in time however many
/// threads are busy or blocked. The thread ends when there has been nothing to wait for in a while, and comes back.
final class Deadlines: Sendable {
    private struct Entry {
        let instant: MonotonicInstant
        let ticket: Int
        let action: @Sendable () -> Void
    }

    private struct State {
        /// The next one is the last.
        var entries: [Entry] = []
        var isRunning = false
    }

    private let state = Monitor(State())
    private let idleTime: Duration

    init(idleTime: Duration) { self.idleTime = idleTime }

    /// Calls `action` once, `duration` from now, unless `ticket` is cleared before. The action must be short and must
    /// not block: the others wait for it.
    func set(_ ticket: Int, after duration: Duration, _ action: @escaping @Sendable () -> Void) {
        let entry = Entry(instant: .now + duration, ticket: ticket, action: action)
        let needsThread = state.withLock { state in
            let place = state.entries.lastIndex { $0.instant > entry.instant }.map { $0 + 1 } ?? 0
            state.entries.insert(entry, at: place)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        state.signal()
        guard needsThread else { return }
        let status = NativeThread.start { self.run() }
        guard status == 0 else { fatalError("there is no thread for deadlines: \(errorText(status))") }
    }

    /// Ensures that nobody is called back for `ticket` later; an action that has begun goes on.
    func clear(_ ticket: Int) {
        state.withLock { state in
            guard let place = state.entries.lastIndex(where: { $0.ticket == ticket }) else { return }
            state.entries.remove(at: place)
        }
    }

    private func run() {
        NativeThread.name("deadlines")
        while let action = next() { action() }
    }

    /// Nil when the thread is to end.
    private func next() -> (@Sendable () -> Void)? {
        let idleEnd = MonotonicInstant.now + idleTime
        return state.wait { state in
            let now = MonotonicInstant.now
            if let first = state.entries.last {
                if first.instant > now { return .wait(until: first.instant) }
                state.entries.removeLast()
                return .done(first.action)
            }
            if idleEnd > now { return .wait(until: idleEnd) }
            state.isRunning = false
            return .done(nil)
        }
    }
}
