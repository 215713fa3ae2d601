import Catalog
import StorageCore

/// The life of an operation as a pure value: what happened goes in, what to do next comes out. It holds what the
/// journal holds, so after a crash it goes on from a row.
struct OperationMachine: Sendable, Equatable {
    enum Event: Sendable {
        /// The operation was just written to the journal.
        case begin
        /// The journal held it unfinished when the program started.
        case recover
        case done
        case failed(StorageError)
    }

    enum Action: Sendable, Equatable {
        case perform(Int)
        case undo(Int)
        case succeed
        /// All is as it was, or as far as it can go; the failure is why.
        case fail
        /// It cannot go on now (something is held, or does not answer); it stays in the journal and goes on later.
        case postpone
        /// The undo failed too; both causes are in the failure.
        case quarantine
    }

    let stepCount: Int
    let isReversible: Bool
    /// Whether what is held up after a crash is tried again, instead of having failed.
    private let waits: Bool
    private var isRecovered = false
    private(set) var state: Operation.State
    private(set) var cursor: Int
    private(set) var failure: Operation.Failure?

    init(_ operation: Operation, stepCount: Int) {
        self.stepCount = stepCount
        isReversible = operation.plan.isReversible
        waits = operation.plan.waitsForRecovery
        state = operation.state
        cursor = operation.cursor
        failure = operation.failure
    }

    mutating func handle(_ event: Event) -> Action {
        switch (state, event) {
        case (.running, .begin): return stepCount == 0 ? succeed() : .perform(cursor)
        case (.running, .recover):
            isRecovered = true
            // Later steps may have been begun: how far it was need not have outlived a power cut.
            if isReversible { cursor = stepCount - 1 }
            return isReversible ? undo(because: interrupted) : .perform(cursor)
        case (.running, .done):
            cursor += 1
            return cursor == stepCount ? succeed() : .perform(cursor)
        case (.running, .failed(let error)) where isRecovered && waits && Self.isHeldUp(error): return .postpone
        case (.running, .failed(let error)): return isReversible ? undo(because: error) : fail(because: error)
        case (.undoing, .begin), (.undoing, .recover): return .undo(cursor)
        case (.undoing, .done):
            guard cursor > 0 else { return fail(because: failure?.error ?? interrupted) }
            cursor -= 1
            return .undo(cursor)
        case (.undoing, .failed(let error)) where Self.isHeldUp(error): return .postpone
        case (.undoing, .failed(let error)): return quarantine(because: error)
        case (.succeeded, _): return .succeed
        case (.failed, _): return .fail
        }
    }

    /// What is tried again when the program ends is given up, and nothing has failed by that.
    private static func isHeldUp(_ error: StorageError) -> Bool {
        [.busy, .unavailable, .cancelled].contains(error.code)
    }

    private mutating func succeed() -> Action {
        state = .succeeded
        return .succeed
    }

    private mutating func undo(because error: StorageError) -> Action {
        state = .undoing
        failure = Operation.Failure(error)
        return .undo(cursor)
    }

    private mutating func fail(because error: StorageError) -> Action {
        state = .failed
        failure = Operation.Failure(error)
        return .fail
    }

    private mutating func quarantine(because error: StorageError) -> Action {
        let first = failure?.error ?? interrupted
        let both = StorageError(
            first.code, "\(first.message); undoing it failed too: \(error.message)", resource: first.resource,
            cause: first.cause == nil && error.cause == nil ? nil : Causes(first: first.cause, second: error.cause))
        state = .failed
        failure = Operation.Failure(both)
        return .quarantine
    }
}

private let interrupted = StorageError(
    .cancelled, "the program ended before the operation did; it was undone when the program started again, ask again")

/// Both reasons of a failed undo.
private struct Causes: Error, CustomStringConvertible {
    let first: String?
    let second: String?

    var description: String { [first, second].compactMap(\.self).joined(separator: "; then ") }
}
