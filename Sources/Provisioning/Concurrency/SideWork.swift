import Synchronization

/// Work that runs beside its caller: for each key one piece at a time, `width` in all.
final class SideWork<Key: Hashable & Sendable>: Sendable {
    private struct State {
        var running: [Key: Task<Void, Never>] = [:]
        var isEnded = false
    }

    private let width: Int
    private let state = Mutex(State())

    init(width: Int) { self.width = width }

    /// Begins `work`, unless some runs for `key`, as much runs as may, or the end has come. Answers whether it did.
    func begin(_ key: Key, _ work: @escaping @Sendable () async -> Void) -> Bool {
        state.withLock { state in
            guard !state.isEnded, state.running[key] == nil, state.running.count < width else { return false }
            state.running[key] = Task {
                await work()
                self.state.withLock { _ = $0.running.removeValue(forKey: key) }
            }
            return true
        }
    }

    /// Begins no more, cancels what runs, and waits for it.
    func end() async {
        let running = state.withLock { state in
            state.isEnded = true
            return Array(state.running.values)
        }
        for task in running { task.cancel() }
        for task in running { await task.value }
    }
}
