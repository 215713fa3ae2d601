import CHostShims
@preconcurrency import Dispatch
import Glibc

extension ProcessIdentity {
    /// Returns when the process has ended, child of this process or not; a child is reaped. Throws `cancelled` when the
    /// task is cancelled before. Costs no thread while it waits.
    package func waitForExit() async throws(HostError) {
        guard let descriptor = try descriptor() else { return }
        let raw = descriptor.raw
        let queue = DispatchQueue(label: "process exit")
        // A pidfd is readable once its process has ended (pidfd_open(2)).
        let source = DispatchSource.makeReadSource(fileDescriptor: raw, queue: queue)
        let hasEnded: Bool = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = SingleAnswer(continuation)
                source.setEventHandler {
                    answer.give(true)
                    source.cancel()
                }
                source.setCancelHandler { answer.give(false) }
                source.activate()
            }
        } onCancel: {
            source.cancel()
        }
        // The source must not outlive its descriptor; the queue is serial, so its handlers are done after this.
        source.cancel()
        queue.sync {}
        guard hasEnded else { throw HostError.cancelled }
        _ = try isAlive()
    }

    /// Ensures the process has ended: SIGTERM, and SIGKILL when it has not ended within `grace`. A child is reaped. A
    /// process that has ended already is fine. Throws `timedOut` if it outlives SIGKILL by five seconds, which only one
    /// that hangs in the kernel does.
    package func terminate(grace: Duration) async throws(HostError) {
        for (number, patience) in [(SIGTERM, grace), (SIGKILL, .seconds(5))] {
            guard try isAlive(), try signal(number) else { return }
            if try await hasEnded(within: patience) { return }
        }
        throw HostError.timedOut(what: "the end of process \(pid) (\(executable))", after: .seconds(5))
    }

    /// Sends a signal to the very process; false if it is gone.
    @discardableResult
    package func signal(_ number: Int32) throws(HostError) -> Bool {
        guard let descriptor = try descriptor() else { return false }
        if host_pidfd_signal(descriptor.raw, number) == 0 { return true }
        if errno == ESRCH { return false }
        throw HostError.systemCall(name: "pidfd_send_signal", errno: errno, subject: "process \(pid)")
    }

    /// Whether it ended before `limit` was over. Throws `cancelled` if the task is.
    package func hasEnded(within limit: Duration) async throws(HostError) -> Bool {
        let waiter = Task { try await waitForExit() }
        let timer = Task {
            try await Task.sleep(for: limit)
            waiter.cancel()
        }
        defer { timer.cancel() }
        let result = await withTaskCancellationHandler {
            await waiter.result
        } onCancel: {
            waiter.cancel()
        }
        if case .success = result { return true }
        if Task.isCancelled { throw HostError.cancelled }
        return false
    }
}
