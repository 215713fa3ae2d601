import Synchronization

/// What is called by a part that is made before what it calls.
final class LateHook: Sendable {
    private let body = Mutex<(@Sendable () async -> Void)?>(nil)

    func use(_ body: @escaping @Sendable () async -> Void) { self.body.withLock { $0 = body } }

    func callAsFunction() async { await body.withLock { $0 }?() }
}
