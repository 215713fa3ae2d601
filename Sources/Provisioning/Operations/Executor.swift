import Catalog
import FoundationEssentials
import Logging
import StorageCore
import Synchronization

/// Runs operations: asks the machine, writes the journal, touches the world, in this order.
struct Executor: Sendable {
    let catalog: Catalog
    let performer: StepPerformer
    let logger: Logger
    let said: SaidOnce
    let now: @Sendable () -> Date

    /// Runs the operation, which is in the journal, to its end. Answers it as it ended; `failure` says why it failed.
    /// Throws when the journal cannot be written, or an undo cannot go on now: the operation then stays unfinished and is
    /// recovered later.
    func run(_ operation: Operation, on volume: Volume, from event: OperationMachine.Event) async throws(StorageError)
        -> Operation
    {
        let steps = operation.plan.steps(for: volume)
        var operation = operation
        var machine = OperationMachine(operation, stepCount: steps.count)
        var action = machine.handle(event)
        // The row was written with its first step; from then on each move is written before it is made.
        var isJournaled = event.isBegin
        while true {
            operation.follow(machine, steps)
            switch action {
            case .perform(let index), .undo(let index):
                if !isJournaled { try await catalog.record(operation) }
                isJournaled = false
                action = machine.handle(await touch(steps[index], operation, volume, isUndo: machine.state == .undoing))
            case .postpone:
                try await catalog.record(operation)
                throw postponed(operation, machine.state)
            case .succeed, .fail, .quarantine:
                operation.endedAt = now()
                try await catalog.record(operation, Ending(operation, volume, action).changes(in: catalog))
                log(operation, volume)
                said.forget(operation.id)
                return operation
            }
        }
    }

    private func postponed(_ operation: Operation, _ state: Operation.State) -> StorageError {
        guard state == .undoing else {
            return StorageError(
                .unavailable,
                "\(operation.plan.kind) cannot go on yet at step \(operation.step), and goes on by itself",
                resource: operation.resource)
        }
        let reason = operation.failure?.error ?? StorageError(.cancelled, "it was interrupted")
        return StorageError(
            reason.code, "\(reason.message); undoing it could not be finished yet and goes on by itself",
            resource: operation.resource)
    }

    private func touch(
        _ step: Step, _ operation: Operation, _ volume: Volume, isUndo: Bool
    ) async -> OperationMachine.Event {
        let start = ContinuousClock.now
        var result: OperationMachine.Event
        do {
            if isUndo {
                try await performer.undo(step, of: operation, on: volume)
            } else {
                try await performer.perform(step, of: operation, on: volume)
            }
            result = .done
        } catch {
            result = .failed(error.about(operation.resource))
        }
        var logger = logger
        logger[metadataKey: "volume"] = "\(volume.key)"
        logger[metadataKey: "operation"] = "\(operation.id)"
        logger[metadataKey: "step"] = "\(step.rawValue)"
        logger[metadataKey: "duration"] = "\(milliseconds(ContinuousClock.now - start))"
        let verb = isUndo ? "undo of \(step.rawValue)" : step.rawValue
        if case .failed(let error) = result {
            let text = "\(operation.plan.kind): \(verb) failed: \(error)"
            logger.log(level: said.level(.error, for: text, of: operation.id), "\(text)")
        } else {
            logger.info("\(operation.plan.kind): \(verb) done")
        }
        return result
    }

    private func log(_ operation: Operation, _ volume: Volume) {
        var logger = logger
        logger[metadataKey: "volume"] = "\(volume.key)"
        logger[metadataKey: "operation"] = "\(operation.id)"
        let elapsed = (operation.endedAt ?? operation.startedAt).timeIntervalSince(operation.startedAt)
        logger[metadataKey: "duration"] = "\(milliseconds(.seconds(elapsed)))"
        switch operation.failure {
        case nil: logger.info("\(operation.plan.kind) succeeded")
        case let failure?: logger.error("\(operation.plan.kind) failed: \(failure.error)")
        }
    }
}

extension Operation {
    /// Takes over how far the machine is.
    fileprivate mutating func follow(_ machine: OperationMachine, _ steps: [Step]) {
        state = machine.state
        cursor = machine.cursor
        failure = machine.failure
        if steps.indices.contains(cursor) { step = steps[cursor].rawValue }
    }
}

extension OperationMachine.Event {
    fileprivate var isBegin: Bool {
        if case .begin = self { return true }
        return false
    }
}

func milliseconds(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let tenths = seconds * 10_000 + attoseconds / 100_000_000_000_000
    return "\(tenths / 10).\(tenths % 10)ms"
}
