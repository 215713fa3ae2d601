import StorageCore
import TestSupport
import Testing

@testable import Provisioning

@Suite("What is told of work and volumes", .tags(.unit))
struct ProgressTests {
    @Test("a copy tells how far it is while it runs, and nothing after")
    func copyProgress() async throws {
        let node = try SimulatedNode()
        let (manager, _) = try await node.start(patience: .zero)
        let key = try Sample.key("shop/origin")
        _ = try await manager.create(Sample.spec("shop/origin"))
        try await eventually("the origin is ready") { (try? await manager.volume(key))?.phase == .ready }
        // backend.copy, activate, freeze, thaw: all is copied by then.
        node.plan.arm(.takesLong, at: 3)
        let spec = try Sample.spec("shop/copy", source: .volume(key))
        guard case .running(let operation) = try await manager.create(spec) else {
            Issue.record("nobody was to wait for the copy")
            return
        }
        try await eventually("the copy's end is told") {
            try await manager.operation(operation.id).progress?.share == 1
        }
        #expect(try await manager.operations(limit: 1).first?.progress?.share == 1)
        node.plan.disarm()
        try await eventually("the copy is made") { try await manager.operation(operation.id).isFinished }
        #expect(try await manager.operation(operation.id).progress == nil)
    }

    @Test("in a pair work runs until the other node has it, too, for those that did not wait for its end as well")
    func replicated() async throws {
        let node = try SimulatedNode()
        let (begun, told) = (Completion<Void>(), Completion<Void>())
        let (manager, reconciler) = try node.program(patience: .zero) {
            begun.finish(())
            _ = await told.value(within: .seconds(30), clock: ContinuousClock())
        }
        try await reconciler.pass()
        guard case .running(let operation) = try await manager.create(Sample.spec("shop/a")) else {
            Issue.record("nobody was to wait for it")
            return
        }
        #expect(await begun.value(within: .seconds(30), clock: ContinuousClock()) != nil)
        #expect(try await !manager.operation(operation.id).isFinished)
        #expect(try await manager.volume(Sample.key("shop/a")).phase == .ready)
        told.finish(())
        try await eventually("the other node has it") { try await manager.operation(operation.id).state == .succeeded }
    }

    @Test("volumes are measured at once, and one that hangs keeps the others' use from nobody")
    func hangingMeasure() async throws {
        let node = try SimulatedNode()
        let (manager, reconciler) = try node.program(measuringPatience: .milliseconds(300))
        try await reconciler.pass()
        for index in 0..<20 { _ = try await manager.create(Sample.spec("shop/v\(index)")).value() }
        let volumes = try await manager.volumes(in: nil, after: nil, limit: 100).items
        #expect(await manager.usedBytes(of: volumes).count == 20)
        let hanging = try await manager.volume(Sample.key("shop/v3"))
        try node.filesystem.inject(.hangs, at: hanging.path)
        let used = await manager.usedBytes(of: volumes)
        #expect(Set(used.keys) == Set(volumes.map(\.id)).subtracting([hanging.id]))
        #expect(await manager.usedBytes(of: [hanging]) == [:])
    }

    @Test("a value is for all who wait, and whoever waits too long gets none")
    func completion() async {
        let completion = Completion<Int>()
        let clock = ContinuousClock()
        #expect(await completion.value(within: .zero, clock: clock) == nil)
        let waiting = (0..<20).map { _ in Task { await completion.value(within: .seconds(30), clock: clock) } }
        completion.finish(7)
        completion.finish(8)
        for task in waiting { #expect(await task.value == 7) }
        #expect(await completion.value(within: .zero, clock: clock) == 7)
    }
}
