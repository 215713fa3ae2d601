import Dispatch

/// Runs an actor on a queue of its own, so that its calls may block (libnfs, sockets) without taking a thread of the
/// cooperative pool from everyone else.
final class BlockingExecutor: SerialExecutor {
    private let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
