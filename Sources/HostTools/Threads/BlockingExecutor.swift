import Synchronization

/// Runs an actor's jobs on `BlockingThreads`, one at a time and in the order they come, so that its calls may block
/// (libnfs, libdbus, fsync(2)) without taking a thread from Swift's tasks. It has a thread only while there are jobs;
/// beyond the limit of threads its jobs wait like all other work.
package final class BlockingExecutor: SerialExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isRunning = false
    }

    private let label: String
    private let threads: BlockingThreads
    private let state = Mutex(State())

    /// `label` names the thread while it works.
    package init(label: String, threads: BlockingThreads = .shared) {
        self.label = label
        self.threads = threads
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let begins = state.withLock { state in
            state.jobs.append(job)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if begins { threads.run(threads.ticket(), name: label) { self.drain() } }
    }

    private func drain() {
        while let jobs = next() {
            for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
        }
    }

    /// Nil when there is nothing left to do.
    private func next() -> [UnownedJob]? {
        state.withLock { state in
            guard !state.jobs.isEmpty else {
                state.isRunning = false
                return nil
            }
            defer { state.jobs = [] }
            return state.jobs
        }
    }
}
