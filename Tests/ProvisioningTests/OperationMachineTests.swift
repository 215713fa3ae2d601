import Catalog
import StorageCore
import TestSupport
import Testing

@testable import Provisioning

@Suite("Operation machine", .tags(.unit))
struct OperationMachineTests {
    private let fault = StorageError(.outOfCapacity, "the pool is full")

    private func machine(_ plan: OperationPlan, steps: Int) throws -> OperationMachine {
        let operation = Operation(volume: try Sample.identity("a/b"), plan: plan, step: "", startedAt: Sample.moment)
        return OperationMachine(operation, stepCount: steps)
    }

    @Test("steps are performed in order, then it has succeeded", arguments: [1, 2, 5])
    func succeeds(_ steps: Int) throws {
        var machine = try machine(.create, steps: steps)
        var actions = [machine.handle(.begin)]
        for _ in 0..<steps { actions.append(machine.handle(.done)) }
        #expect(actions == (0..<steps).map { .perform($0) } + [.succeed])
        #expect(machine.state == .succeeded)
    }

    @Test("a failure of a reversible one is undone from the failed step down to the first", arguments: 0..<4)
    func undoes(_ failing: Int) throws {
        var machine = try machine(.create, steps: 4)
        _ = machine.handle(.begin)
        for _ in 0..<failing { _ = machine.handle(.done) }
        var actions = [machine.handle(.failed(fault))]
        for _ in 0...failing { actions.append(machine.handle(.done)) }
        #expect(actions == (0...failing).reversed().map { .undo($0) } + [.fail])
        #expect(machine.failure?.message == "the pool is full")
    }

    @Test("a failure of what cannot be undone ends it")
    func failsForward() throws {
        var machine = try machine(.delete, steps: 3)
        _ = machine.handle(.begin)
        #expect(machine.handle(.failed(fault)) == .fail)
    }

    @Test("a failed undo keeps both causes")
    func quarantines() throws {
        var machine = try machine(.create, steps: 2)
        _ = machine.handle(.begin)
        _ = machine.handle(.failed(fault))
        #expect(machine.handle(.failed(StorageError(.internal, "the device is held"))) == .quarantine)
        #expect(machine.failure?.message.contains("the pool is full") == true)
        #expect(machine.failure?.message.contains("the device is held") == true)
        #expect(machine.state == .failed)
    }

    @Test(
        "an undo that cannot go on now stays where it is, with its first cause",
        arguments: [StorageError.Code.busy, .unavailable, .cancelled])
    func postpones(_ code: StorageError.Code) throws {
        var machine = try machine(.create, steps: 2)
        _ = machine.handle(.begin)
        _ = machine.handle(.failed(fault))
        #expect(machine.handle(.failed(StorageError(code, "held"))) == .postpone)
        #expect(machine.state == .undoing)
        #expect(machine.failure?.message == "the pool is full")
        #expect(machine.handle(.recover) == .undo(0))
    }

    @Test(
        "after a crash a reversible one is undone from its last step, another goes on where it was",
        arguments: [true, false])
    func recovers(_ isReversible: Bool) throws {
        var operation = Operation(
            volume: try Sample.identity("a/b"), plan: isReversible ? .create : .delete, step: "",
            startedAt: Sample.moment)
        operation.cursor = 2
        var machine = OperationMachine(operation, stepCount: 4)
        #expect(machine.handle(.recover) == (isReversible ? .undo(3) : .perform(2)))
    }

    @Test(
        "what a change is held up by after a crash is waited for; what refuses it ends it",
        arguments: [
            (StorageError.Code.unavailable, OperationMachine.Action.postpone), (.busy, .postpone),
            (.outOfCapacity, .fail),
        ])
    func waits(_ code: StorageError.Code, _ action: OperationMachine.Action) throws {
        let settings = VolumeSettings(capacity: .mebibytes(64), squash: .none, clients: [])
        var machine = try machine(.update(from: settings, to: settings), steps: 2)
        #expect(machine.handle(.recover) == .perform(0))
        #expect(machine.handle(.failed(StorageError(code, "held"))) == action)
        #expect(machine.state == (action == .postpone ? .running : .failed))
    }

    @Test("after a crash in an undo the undo goes on")
    func recoversUndo() throws {
        var operation = Operation(
            volume: try Sample.identity("a/b"), plan: .create, step: "", startedAt: Sample.moment)
        operation.state = .undoing
        operation.cursor = 1
        operation.failure = .init(fault)
        var machine = OperationMachine(operation, stepCount: 4)
        #expect(machine.handle(.recover) == .undo(1))
        #expect(machine.handle(.done) == .undo(0))
        #expect(machine.handle(.done) == .fail)
        #expect(machine.failure?.code == .outOfCapacity)
    }
}
