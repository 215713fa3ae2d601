import StorageCore
import Synchronization
import Testing

/// Which call to the world goes wrong, and how. The faulty backend, filesystem and exporter of one node share a plan,
/// so "the seventh call of this operation" can be any of them.
package final class FaultPlan: Sendable {
    package enum Fault: Sendable, CaseIterable {
        /// The call fails and has done nothing.
        case failsBefore
        /// The call does its work and fails then: its answer was lost.
        case failsAfter
        /// The call is made twice: it must be idempotent.
        case happensTwice
        /// The call takes until the next `disarm`, then does its work.
        case takesLong
        /// The program dies before the call has done anything.
        case diesBefore
        /// The program dies when the call has done its work.
        case diesAfter
    }

    private struct State {
        var calls: [String] = []
        var targets: Range<Int> = 0..<0
        var fault: Fault?
        var error = FaultPlan.error
        var isDead = false
    }

    private let state = Mutex(State())
    /// Whether the pool does not answer who looks at it. No call to count: it stays until it is set again.
    package let poolIsSilent = Mutex(false)

    package init() {}

    /// The calls since the last `arm` or `disarm`, in order.
    package var calls: [String] { state.withLock { $0.calls } }

    /// Counts anew; the call number `index` (from 0) goes wrong.
    package func arm(_ fault: Fault, at index: Int) {
        state.withLock { $0 = State(targets: index..<index + 1, fault: fault) }
    }

    /// Counts anew; the call number `index` and all after it go wrong.
    package func arm(_ fault: Fault, from index: Int, error: StorageError = FaultPlan.error) {
        state.withLock { $0 = State(targets: index..<Int.max, fault: fault, error: error) }
    }

    /// Waits until the program has died.
    package func death() async throws {
        try await eventually(every: .milliseconds(1), "the program dies") { state.withLock { $0.isDead } }
    }

    /// Counts anew; nothing goes wrong.
    package func disarm() { state.withLock { $0 = State() } }

    package static let error = StorageError(.internal, "injected fault")

    func run<Value: Sendable>(
        _ name: String, _ body: () async throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        let fault: Fault? = state.withLock { state in
            state.calls.append(name)
            return state.targets.contains(state.calls.count - 1) ? state.fault : nil
        }
        switch fault {
        case nil: return try await body()
        case .failsBefore: throw state.withLock { $0.error }
        case .failsAfter:
            _ = try await body()
            throw state.withLock { $0.error }
        case .happensTwice:
            _ = try await body()
            return try await body()
        case .takesLong:
            await untilDisarmed()
            return try await body()
        case .diesBefore: try await die()
        case .diesAfter:
            _ = try await body()
            try await die()
        }
        throw Self.error
    }

    private func untilDisarmed() async {
        while state.withLock({ $0.fault == .takesLong }), (try? await Task.sleep(for: .milliseconds(1))) != nil {}
    }

    /// A dead program's call never returns; the task is cancelled when the test has seen enough.
    private func die() async throws(StorageError) {
        state.withLock { $0.isDead = true }
        while !Task.isCancelled {
            do { try await Task.sleep(for: .seconds(3600)) } catch { break }
        }
        throw StorageError(.cancelled, "the program is dead")
    }
}
