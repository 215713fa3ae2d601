import Catalog
import Provisioning
import StorageCore
import TestSupport
import Testing

@Suite("Volume manager", .tags(.unit))
struct VolumeManagerTests {
    private func manager() async throws -> (VolumeManager, SimulatedNode) {
        let node = try SimulatedNode()
        return (try await node.start().manager, node)
    }

    @Test("the same spec again is the same volume, another is a conflict that names both values")
    func idempotency() async throws {
        let (manager, _) = try await manager()
        let spec = try Sample.spec("shop/data", clients: ["10.0.0.1"])
        let made = try await manager.create(spec)
        #expect(made.outcome == .changed)
        let again = try await manager.create(spec)
        #expect(again.outcome == .unchanged)
        #expect(try made.value().id == again.value().id)

        let others: [(VolumeSpec, String)] = [
            (
                try Sample.spec("shop/data", capacity: .mebibytes(65), clients: ["10.0.0.1"]),
                "capacity is 64Mi, asked for 65Mi"
            ),
            (try Sample.spec("shop/data", clients: []), "clients is 10.0.0.1 rw, asked for nobody"),
            (try Sample.spec("shop/data", squash: .all, clients: ["10.0.0.1"]), "squash is none, asked for all"),
            (
                try Sample.spec("shop/data", capacity: .mebibytes(300), filesystem: .xfs, clients: ["10.0.0.1"]),
                "filesystem is ext4, asked for xfs"
            ),
        ]
        for (other, difference) in others {
            let error = await #expect(throws: StorageError.self) { _ = try await manager.create(other) }
            #expect(error?.code == .conflict)
            #expect(error?.message.contains(difference) == true)
        }
    }

    @Test("the spec a volume was made with goes on being its spec after changes, and so does what it is now")
    func createdWith() async throws {
        let (manager, node) = try await manager()
        let spec = try Sample.spec("shop/data", clients: ["10.0.0.1"])
        let made = try await manager.create(spec).value()
        let change = VolumeChange(capacity: .mebibytes(128), squash: .all, clients: [try Sample.rule("10.0.0.2")])
        let changed = try await manager.update(spec.key, change).value()
        let again = try await manager.create(spec)
        #expect(again.outcome == .unchanged)
        #expect(try again.value() == changed, "what it answers is the volume as it is now")
        let present = try Sample.spec(
            "shop/data", capacity: .mebibytes(128), squash: .all, clients: ["10.0.0.2"])
        #expect(try await manager.create(present).value().id == made.id)

        let mixed = try Sample.spec("shop/data", capacity: .mebibytes(128), squash: .all, clients: ["10.0.0.1"])
        let error = await #expect(throws: StorageError.self) { _ = try await manager.create(mixed) }
        #expect(error?.code == .conflict)
        #expect(error?.message.contains("clients is 10.0.0.2 rw, asked for 10.0.0.1 rw") == true)
        #expect(error?.message.contains("capacity") == false)
        try await node.expectConsistency()
    }

    @Test("two volumes that would share a path are a conflict, and the refused one leaves nothing")
    func collision() async throws {
        let (manager, node) = try await manager()
        _ = try await manager.create(Sample.spec("ab/c"))
        let error = await #expect(throws: StorageError.self) { _ = try await manager.create(Sample.spec("a/bc")) }
        #expect(error?.code == .conflict)
        #expect(error?.message.contains("ab/c") == true)
        try await node.expectConsistency()
    }

    @Test("of many creates of one name at once one makes it and the others find it")
    func races() async throws {
        let (manager, node) = try await manager()
        let spec = try Sample.spec("shop/data")
        let outcomes = try await withThrowingTaskGroup(of: Outcome?.self) { group in
            for _ in 0..<20 { group.addTask { try await manager.create(spec).outcome } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.count { $0 == .changed } == 1)
        #expect(outcomes.count { $0 == .unchanged } == 19)
        try await node.expectConsistency()
    }

    @Test("a volume never shrinks")
    func shrink() async throws {
        let (manager, _) = try await manager()
        _ = try await manager.create(Sample.spec("shop/data"))
        let error = await #expect(throws: StorageError.self) {
            _ = try await manager.update(Sample.key("shop/data"), VolumeChange(capacity: .mebibytes(32)))
        }
        #expect(error?.code == .invalidArgument)
    }

    @Test("a growth that the pool refuses leaves the volume ready and as it was")
    func refusedGrowth() async throws {
        let node = try SimulatedNode(total: .gibibytes(1))
        let manager = try await node.start().manager
        _ = try await manager.create(Sample.spec("shop/data"))
        let error = await #expect(throws: StorageError.self) {
            _ = try await manager.update(Sample.key("shop/data"), VolumeChange(capacity: .gibibytes(2)))
        }
        #expect(error?.code == .outOfCapacity)
        let volume = try await manager.volume(Sample.key("shop/data"))
        #expect(volume.capacity == .mebibytes(64))
        #expect(!volume.condition.abnormal)
        try await node.expectConsistency()
    }

    @Test("a volume with snapshots is deleted only with them, and the refusal names them")
    func deleteWithSnapshots() async throws {
        let (manager, node) = try await manager()
        let key = try Sample.key("shop/data")
        _ = try await manager.create(Sample.spec("shop/data"))
        for name in ["monday", "tuesday"] { _ = try await manager.createSnapshot(Sample.snapshot("shop/data@\(name)")) }
        let error = await #expect(throws: StorageError.self) { _ = try await manager.delete(key, withSnapshots: false) }
        #expect(error?.code == .conflict)
        #expect(error?.message.contains("monday, tuesday") == true)
        #expect(try await manager.delete(key, withSnapshots: true).outcome == .changed)
        #expect(try await manager.delete(key, withSnapshots: true).outcome == .unchanged)
        try await node.expectConsistency()
    }

    @Test("clients are set and removed one by one, and a removal from nothing is fine")
    func clients() async throws {
        let (manager, node) = try await manager()
        let key = try Sample.key("shop/data")
        let address = try ClientAddress("10.0.0.7")
        _ = try await manager.create(Sample.spec("shop/data", clients: ["10.0.0.1"]))
        let added = try await manager.setClient(ClientRule(address: address, access: .readOnly), of: key).value()
        #expect(added.clients.map { "\($0.address)=\($0.access.rawValue)" } == ["10.0.0.1=rw", "10.0.0.7=ro"])
        #expect(try await manager.removeClient(address, of: key).value()?.clients.count == 1)
        #expect(try await manager.removeClient(address, of: key).outcome == .unchanged)
        #expect(try await manager.removeClient(address, of: Sample.key("no/where")).outcome == .unchanged)
        try await node.expectConsistency()
    }

    @Test("a caller that does not wait gets the operation, which goes on without it")
    func running() async throws {
        let node = try SimulatedNode()
        let manager = try await node.start(patience: .zero).manager
        node.plan.arm(.takesLong, at: 0)
        guard case .running(let operation) = try await manager.create(Sample.spec("shop/data")) else {
            Issue.record("the work was done at once")
            return
        }
        #expect(try await manager.operation(operation.id).state == .running)
        node.plan.disarm()
        try await eventually { try await manager.operation(operation.id).isFinished }
        #expect(try await manager.operation(operation.id).state == .succeeded)
        #expect(try await manager.volume(Sample.key("shop/data")).phase == .ready)
    }

    @Test(
        "the end of the program, or its successor's retire, lets writes go on that a snapshot held back",
        arguments: [true, false])
    func frozenAtTheEnd(isOrderly: Bool) async throws {
        let node = try SimulatedNode()
        let manager = try await node.start(patience: .zero).manager
        let key = try Sample.key("shop/data")
        _ = try await manager.create(Sample.spec("shop/data"))
        try await eventually { try await manager.volume(key).phase == .ready }
        let path = try await manager.volume(key).path
        node.plan.arm(.diesAfter, at: 2)
        _ = try await manager.createSnapshot(Sample.snapshot("shop/data@monday"))
        try await node.plan.death()
        #expect(node.plan.calls == ["backend.createSnapshot", "backend.activate", "filesystem.freeze"])
        if isOrderly {
            await manager.windDown(patience: .milliseconds(20))
        } else {
            try await node.program().manager.thawAll()
        }
        // Frozen already would be unchanged.
        #expect(try await node.filesystem.freeze(path) == .changed)
        node.plan.disarm()
        _ = try await node.start()
        try await node.expectConsistency()
    }

    @Test("nothing is changed before the node is ready")
    func notReady() async throws {
        let node = try SimulatedNode()
        let (manager, reconciler) = try node.program()
        let error = await #expect(throws: StorageError.self) { _ = try await manager.create(Sample.spec("a/b")) }
        #expect(error?.code == .unavailable)
        try await reconciler.pass()
        _ = try await manager.create(Sample.spec("a/b")).value()
    }

    @Test("an undo that fails quarantines the volume with both causes, and it can still be deleted")
    func quarantine() async throws {
        let (manager, node) = try await manager()
        node.plan.arm(.failsBefore, from: 2)
        let error = await #expect(throws: StorageError.self) { _ = try await manager.create(Sample.spec("a/b")) }
        #expect(error?.message.contains("undoing it failed too") == true)
        node.plan.disarm()
        let volume = try await manager.volume(Sample.key("a/b"))
        #expect(volume.phase == .quarantined)
        #expect(volume.condition.abnormal)
        #expect(try await manager.delete(Sample.key("a/b"), withSnapshots: false).outcome == .changed)
        try await node.expectConsistency()
    }
}
