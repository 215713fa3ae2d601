import Synchronization

/// Threads for work that blocks. They belong to nobody else: neither the threads of Swift's tasks nor those of
/// libdispatch, which share one limit of about a thread a core, are used up by work that hangs or computes.
///
/// Work gets a thread at once while there are fewer than `limit`; beyond it waits for the first that is free, first
/// come first served. A thread that has had nothing to do for `idleTime` ends.
package final class BlockingThreads: Sendable {
    /// Those of this process. There is one set because what they hold back is the process's as a whole.
    package static let shared = BlockingThreads()

    private struct Job {
        let ticket: Int
        let name: String
        let body: @Sendable () -> Void
    }

    private struct State {
        var waiting: [Job] = []
        var threads = 0
        var idle = 0
    }

    let deadlines: Deadlines
    private let state = Monitor(State())
    private let lastTicket = Atomic(0)
    private let limit: Int
    private let idleTime: Duration

    /// `limit` is what hangs in the kernel at most before work that could go on has to wait: more than a node has
    /// volumes in trouble, and at 1 MiB of address space each still little.
    package init(limit: Int = 256, idleTime: Duration = .seconds(5)) {
        precondition(limit > 0)
        self.limit = limit
        self.idleTime = idleTime
        deadlines = Deadlines(idleTime: idleTime)
    }

    /// How many threads there are, busy and idle, without the one for deadlines.
    package var count: Int { state.withLock { $0.threads } }

    /// A number that no other work has.
    func ticket() -> Int { lastTicket.add(1, ordering: .relaxed).newValue }

    /// Runs `body` once, on a thread that is called `name` meanwhile.
    func run(_ ticket: Int, name: String, _ body: @escaping @Sendable () -> Void) {
        let needsThread = state.withLock { state in
            state.waiting.append(Job(ticket: ticket, name: name, body: body))
            // Each idle thread takes one.
            guard state.waiting.count > state.idle, state.threads < limit else { return false }
            state.threads += 1
            return true
        }
        state.signal()
        guard needsThread else { return }
        let status = NativeThread.start { self.work() }
        guard status != 0 else { return }
        let isAlone = state.withLock { state in
            state.threads -= 1
            return state.threads == 0
        }
        // Another thread will take it, if there is one.
        if isAlone { fatalError("there is no thread for work that blocks: \(errorText(status))") }
    }

    /// Takes work back that waits for a thread; what has begun goes on. Whether it was taken back.
    func withdraw(_ ticket: Int) -> Bool {
        // Let go of outside the lock: it may be the last that holds what the body needs.
        let job = state.withLock { state in
            state.waiting.firstIndex { $0.ticket == ticket }.map { state.waiting.remove(at: $0) }
        }
        return job != nil
    }

    private func work() {
        var name = ""
        while let job = next() {
            if job.name != name {
                name = job.name
                NativeThread.name(name)
            }
            job.body()
        }
    }

    /// Nil when the thread is to end.
    private func next() -> Job? {
        let idleEnd = MonotonicInstant.now + idleTime
        var isIdle = false
        return state.wait { state in
            if isIdle { state.idle -= 1 }
            isIdle = false
            if !state.waiting.isEmpty { return .done(state.waiting.removeFirst()) }
            if idleEnd > .now {
                state.idle += 1
                isIdle = true
                return .wait(until: idleEnd)
            }
            state.threads -= 1
            return .done(nil)
        }
    }
}
