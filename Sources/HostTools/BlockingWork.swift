import Dispatch
import Synchronization

/// Runs calls that block (mount(2), fsync(2), ioctl(2)) on threads of their own, never on the threads that run Swift's
/// tasks, and gives up waiting after a deadline. A call that hangs in the kernel cannot be taken back: its
/// thread stays behind, the caller gets `timedOut`.
package struct BlockingWork: Sendable {
    private let queue: DispatchQueue

    package init(label: String) { queue = DispatchQueue(label: label, attributes: .concurrent) }

    /// The result of `body`. Cancelling the task cancels the token that `body` gets, and nothing else: a body that does
    /// not look at it runs to its end, so that the caller always knows what was done.
    /// Throws what `body` throws, or `timedOut` naming `what`.
    package func run<Value: Sendable>(
        _ what: String, deadline: Duration? = nil,
        _ body: @escaping @Sendable (CancellationToken) throws(HostError) -> Value
    ) async throws(HostError) -> Value {
        let token = CancellationToken()
        let result: Result<Value, HostError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = SingleAnswer(continuation)
                queue.async {
                    let result = Result { () throws(HostError) in try body(token) }
                    answer.give(result)
                }
                guard let deadline else { return }
                queue.asyncAfter(deadline: .now() + .nanoseconds(deadline.wholeNanoseconds)) {
                    token.cancel()
                    answer.give(.failure(.timedOut(what: what, after: deadline)))
                }
            }
        } onCancel: {
            token.cancel()
        }
        return try result.get()
    }
}

/// Tells work on another thread that nobody wants its result any more.
package final class CancellationToken: Sendable {
    private let flag = Atomic(false)

    package init() {}
    package var isCancelled: Bool { flag.load(ordering: .relaxed) }
    package func cancel() { flag.store(true, ordering: .relaxed) }

    package func check() throws(HostError) {
        if isCancelled { throw HostError.cancelled }
    }
}

/// A continuation that two threads may answer; the first one counts.
final class SingleAnswer<Value: Sendable>: Sendable {
    private let continuation: Mutex<CheckedContinuation<Value, Never>?>

    init(_ continuation: CheckedContinuation<Value, Never>) { self.continuation = Mutex(continuation) }

    func give(_ value: Value) {
        let waiting = continuation.withLock { slot in
            defer { slot = nil }
            return slot
        }
        waiting?.resume(returning: value)
    }
}

extension Duration {
    /// Rounded down, and held below what fits (292 years).
    var wholeNanoseconds: Int {
        let (seconds, attoseconds) = components
        let (product, overflow) = Int(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max / 2 : product + Int(attoseconds / 1_000_000_000)
    }
}
