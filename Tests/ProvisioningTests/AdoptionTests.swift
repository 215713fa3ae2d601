import Provisioning
import StorageCore
import TestSupport
import Testing

@Suite("What an operator has mounted and exported becomes a volume", .tags(.unit))
struct AdoptionTests {
    /// A node that knows no volume, where an operator has mounted one's storage at /nfs/shopdata, and exports it.
    private func found(
        clients: [String] = ["10.0.0.1"], unnamed: [String] = [], unserved: [String] = []
    ) async throws -> (SimulatedNode, SimulatedOperator, Volume) {
        let node = try SimulatedNode()
        let volume = try await node.start().manager.create(Sample.spec("shop/data", clients: ["10.0.0.9"])).value()
        try node.loseCatalog()
        let export = OperatorExport(
            fsid: volume.fsid, squash: .root, clients: try clients.map(Sample.rule), unnamed: unnamed,
            unserved: unserved,
            changes: ["its writes are synchronous"],
            lines: [OperatorExport.Line(file: "/etc/exports", text: "/nfs/shopdata 10.0.0.1(rw)")])
        return (node, SimulatedOperator(on: node, capacity: volume.capacity, export: export), volume)
    }

    private func adopt(
        _ manager: VolumeManager, clients: [String]? = nil, isDryRun: Bool = false
    ) async throws -> Adoption {
        try await manager.adopt(
            try Sample.key("shop/data"), clients: try clients?.map(Sample.rule), isDryRun: isDryRun)
    }

    @Test("with its clients, its squash and its handles; the same again finds nothing to do")
    func adopted() async throws {
        let (node, others, before) = try await found()
        let manager = try await node.start(others: others).manager
        let adoption = try await adopt(manager)
        #expect(adoption.outcome == .changed && adoption.retired.count == 1 && others.lines.isEmpty)
        let volume = try await manager.volume(before.key)
        #expect(volume.identity == before.identity && volume.fsid == before.fsid && others.owner == before.identity)
        #expect(volume.clients == [try Sample.rule("10.0.0.1")] && volume.squash == .root && volume.phase == .ready)
        try await node.expectConsistency()
        let again = try await adopt(manager)
        #expect(again.outcome == .unchanged && again.retired.isEmpty && again.changes.isEmpty)
    }

    @Test("a dry run says the same, and changes nothing")
    func dryRun() async throws {
        let (node, others, _) = try await found()
        let manager = try await node.start(others: others).manager
        node.plan.disarm()
        let dry = try await adopt(manager, isDryRun: true)
        #expect(node.plan.calls.isEmpty && others.owner == nil && others.lines.count == 1)
        #expect(try await manager.volumeCount() == 0)
        #expect(try await adopt(manager) == dry)
    }

    @Test(
        "what would cut somebody off, or let somebody in, is refused and told",
        arguments: [
            ([], [], [], nil, "exported to nobody"),
            (["10.0.0.1"], ["*.example.org"], [], nil, "*.example.org"),
            (["10.0.0.1"], [], ["10.0.0.7 (/etc/exports)"], nil, "not served yet: 10.0.0.7"),
        ] as [([String], [String], [String], [String]?, String)])
    func refused(
        clients: [String], unnamed: [String], unserved: [String], asked: [String]?, reason: String
    ) async throws {
        let (node, others, _) = try await found(clients: clients, unnamed: unnamed, unserved: unserved)
        let manager = try await node.start(others: others).manager
        let error = await #expect(throws: StorageError.self) { try await adopt(manager, clients: asked) }
        #expect(error?.message.contains(reason) == true, "\(String(describing: error))")
        #expect(others.owner == nil && others.lines.count == 1)
        #expect(try await manager.volumeCount() == 0)
        // Whoever names the clients has said who is to have it.
        #expect(try await adopt(manager, clients: ["10.0.0.1"]).clients == [try Sample.rule("10.0.0.1")])
    }

    @Test(
        "a call that fails, or in which the program dies, is made good by asking again",
        arguments: [FaultPlan.Fault.failsBefore, .failsAfter, .diesBefore, .diesAfter, .happensTwice])
    func faults(_ fault: FaultPlan.Fault) async throws {
        for index in 0..<(try await callCount()) {
            let (node, others, volume) = try await found()
            let first = try await node.start(others: others).manager
            node.plan.arm(fault, at: index)
            switch fault {
            case .diesBefore, .diesAfter:
                let dying = Task { try await adopt(first) }
                try await node.plan.death()
                dying.cancel()
            case .happensTwice: _ = try await adopt(first)
            default: await #expect(throws: StorageError.self) { try await adopt(first) }
            }
            let call = node.plan.calls[index]
            node.plan.disarm()
            let second = try await node.start(others: others).manager
            _ = try await adopt(second)
            #expect(others.owner == volume.identity && others.lines.isEmpty, "\(call) \(fault)")
            #expect(try await second.volume(volume.key).clients == [try Sample.rule("10.0.0.1")], "\(call) \(fault)")
            try await node.expectConsistency("\(call) \(fault)")
        }
    }

    private func callCount() async throws -> Int {
        let (node, others, _) = try await found()
        let manager = try await node.start(others: others).manager
        node.plan.disarm()
        _ = try await adopt(manager)
        #expect(node.plan.calls == ["adopter.adopt", "exports.retire", "exporter.ensure"])
        return node.plan.calls.count
    }
}
