import Synchronization

/// Runs calls that block (mount(2), fsync(2), ioctl(2)) on `BlockingThreads`, never on the threads that run Swift's
/// tasks, and gives up waiting after a deadline.
package struct BlockingWork: Sendable {
    private let label: String
    private let threads: BlockingThreads
    private let abandoned = AbandonedCalls()

    /// `label` names a thread while it does this work (`ps -L`).
    package init(label: String, threads: BlockingThreads = .shared) {
        self.label = label
        self.threads = threads
    }

    /// The result of `body`. Throws what `body` throws, or `timedOut` naming `what` once `deadline` has passed, however
    /// busy the host's cores and the other threads are. A body that waits for a thread then is never called; one that
    /// has begun cannot be taken back: its token is cancelled, and it keeps its thread until it ends.
    ///
    /// Cancelling the task cancels the token that `body` gets, and nothing else: a body that does not look at it runs to
    /// its end, so that the caller always knows what was done.
    ///
    /// A body that looks at its token shows that it goes on: for it the deadline counts from the last look.
    ///
    /// `ifLate` is called on the body's thread with a result that came after `timedOut` was thrown, to take back what
    /// nobody knows of.
    ///
    /// `subject` is what the call changes. Throws `stillRunning` while an earlier one for the same subject, which was
    /// given up, has not ended: it could undo what this one does.
    package func run<Value: Sendable>(
        _ what: String, on subject: String? = nil, deadline: Duration? = nil,
        ifLate: (@Sendable (Value) -> Void)? = nil,
        _ body: @escaping @Sendable (CancellationToken) throws(HostError) -> Value
    ) async throws(HostError) -> Value {
        if let other = abandoned.call(on: subject) { throw .stillRunning(what: other) }
        let token = CancellationToken()
        let ticket = threads.ticket()
        let call = AbandonedCalls.Call(ticket: ticket, subject: subject, what: what)
        let result: Result<Value, HostError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = SingleAnswer(continuation)
                if let deadline {
                    watch(token, ticket, deadline) { [threads, abandoned] in
                        token.cancel()
                        // Known as such before anybody is told that it was given up.
                        if !threads.withdraw(ticket) { abandoned.add(call) }
                        let isLate = answer.give(.failure(.timedOut(what: what, after: deadline)))
                        if !isLate { abandoned.remove(call) }
                    }
                }
                threads.run(ticket, name: label) { [abandoned] in
                    // The deadline may come on the way into the queue, where it had nothing to withdraw.
                    guard !answer.isGiven else { return abandoned.remove(call) }
                    let result = Result { () throws(HostError) in try body(token) }
                    guard !answer.give(result) else { return }
                    if case .success(let value) = result { ifLate?(value) }
                    abandoned.remove(call)
                }
            }
        } onCancel: {
            token.cancel()
        }
        if deadline != nil { threads.deadlines.clear(ticket) }
        return try result.get()
    }

    /// Calls `expire` once the token has not been looked at for as long as the deadline is.
    private func watch(
        _ token: CancellationToken, _ ticket: Int, _ deadline: Duration, after pause: Duration? = nil,
        expire: @escaping @Sendable () -> Void
    ) {
        threads.deadlines.set(ticket, after: pause ?? deadline) { [self] in
            guard let silence = token.silence, silence < deadline else { return expire() }
            watch(token, ticket, deadline, after: deadline - silence, expire: expire)
        }
    }
}

/// The calls that nobody waits for any more and that have not ended.
private final class AbandonedCalls: Sendable {
    struct Call {
        let ticket: Int
        let subject: String?
        let what: String
    }

    private let calls = Mutex<[Call]>([])

    func add(_ call: Call) { calls.withLock { $0.append(call) } }

    func remove(_ call: Call) { calls.withLock { $0.removeAll { $0.ticket == call.ticket } } }

    /// What one of them for that subject does.
    func call(on subject: String?) -> String? {
        guard let subject else { return nil }
        return calls.withLock { $0.first { $0.subject == subject }?.what }
    }
}

/// Tells work on another thread that nobody wants its result any more.
package final class CancellationToken: Sendable {
    private let flag = Atomic(false)
    /// When it was looked at last.
    private let look = Mutex<ContinuousClock.Instant?>(nil)

    package init() {}
    package var isCancelled: Bool { flag.load(ordering: .relaxed) }
    package func cancel() { flag.store(true, ordering: .relaxed) }

    package func check() throws(HostError) {
        look.withLock { $0 = .now }
        if isCancelled { throw HostError.cancelled }
    }

    /// How long nobody has looked at it; nil if nobody ever did.
    var silence: Duration? { look.withLock { last in last.map { ContinuousClock.now - $0 } } }
}

/// A continuation that two threads may answer; the first one counts.
final class SingleAnswer<Value: Sendable>: Sendable {
    private let continuation: Mutex<CheckedContinuation<Value, Never>?>

    init(_ continuation: CheckedContinuation<Value, Never>) { self.continuation = Mutex(continuation) }

    var isGiven: Bool { continuation.withLock { $0 == nil } }

    /// Whether this one counted.
    @discardableResult
    func give(_ value: Value) -> Bool {
        let waiting = continuation.withLock { slot in
            defer { slot = nil }
            return slot
        }
        waiting?.resume(returning: value)
        return waiting != nil
    }
}
