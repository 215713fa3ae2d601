import Provisioning
import StorageCore
import TestSupport
import Testing

@Suite("Every operation under a fault at every call", .tags(.unit))
struct FaultInjectionTests {
    /// How many calls to the world the scenario makes when all goes well.
    private func callCount(_ scenario: Scenario) async throws -> Int {
        let node = try SimulatedNode()
        let manager = try await node.start().manager
        try await scenario.prepare(manager)
        node.plan.disarm()
        try await scenario.act(manager)
        try await node.expectConsistency("all went well")
        return node.plan.calls.count
    }

    @Test("a call that is made twice changes nothing", arguments: Scenario.all)
    func twice(_ scenario: Scenario) async throws {
        for index in 0..<(try await callCount(scenario)) {
            let node = try SimulatedNode()
            let manager = try await node.start().manager
            try await scenario.prepare(manager)
            node.plan.arm(.happensTwice, at: index)
            try await scenario.act(manager)
            try await node.expectConsistency("\(node.plan.calls[index]) happened twice")
        }
    }

    @Test(
        "a call that fails leaves nothing half-made, and asking again succeeds", arguments: Scenario.all,
        [FaultPlan.Fault.failsBefore, .failsAfter])
    func fails(_ scenario: Scenario, _ fault: FaultPlan.Fault) async throws {
        for index in 0..<(try await callCount(scenario)) {
            let node = try SimulatedNode()
            let (manager, reconciler) = try await node.start()
            try await scenario.prepare(manager)
            node.plan.arm(fault, at: index)
            let error = await #expect(throws: StorageError.self) { try await scenario.act(manager) }
            let call = node.plan.calls[index]
            #expect(error?.message.contains("injected fault") == true, "\(call)")
            node.plan.disarm()
            try await scenario.act(manager)
            try await reconciler.pass()
            try await node.expectConsistency("\(call) failed once")
        }
    }

    @Test(
        "a program that dies at a call is put right by its next start", arguments: Scenario.all,
        [FaultPlan.Fault.diesBefore, .diesAfter])
    func dies(_ scenario: Scenario, _ fault: FaultPlan.Fault) async throws {
        for index in 0..<(try await callCount(scenario)) {
            let node = try SimulatedNode()
            let first = try await node.start().manager
            try await scenario.prepare(first)
            try await expectDeath(of: scenario, on: first, node, fault, at: index)
            let call = node.plan.calls[index]
            node.plan.disarm()
            let (second, _) = try await node.start()
            try await node.expectConsistency("died at \(call)")
            try await scenario.act(second)
            try await node.expectConsistency("asked again after dying at \(call)")
        }
    }

    /// Starts the scenario, and goes on when its program hangs in the call that kills it.
    private func expectDeath(
        of scenario: Scenario, on manager: VolumeManager, _ node: SimulatedNode, _ fault: FaultPlan.Fault, at index: Int
    ) async throws {
        node.plan.arm(fault, at: index)
        let dying = Task { try await scenario.act(manager) }
        try await node.plan.death()
        dying.cancel()
    }
}
