import GRDB
import Provisioning
import StorageCore
import TestSupport
import Testing

@testable import Catalog

@Suite("A journal that cannot be written at the end of an operation", .tags(.unit))
struct LostJournalTests {
    /// Runs `body` while no operation's end can be written, as on a full disk.
    private func withoutEnds(_ node: SimulatedNode, _ body: () async throws -> Void) async throws {
        let catalog = try node.openCatalog()
        try await catalog.write { database in
            try database.execute(
                sql: """
                    CREATE TRIGGER lost BEFORE UPDATE ON operation WHEN NEW.endedAt IS NOT NULL
                    BEGIN SELECT RAISE(ABORT, 'lost'); END
                    """)
        }
        do { try await body() } catch { Issue.record("\(error)") }
        try await catalog.write { try $0.execute(sql: "DROP TRIGGER lost") }
        try catalog.close()
    }

    @Test("what was made since under the same name is not undone by the recovery of a lost create")
    func create() async throws {
        let node = try SimulatedNode()
        let (manager, reconciler) = try await node.start()
        let spec = try Sample.spec("shop/data")
        try await withoutEnds(node) {
            await #expect(throws: StorageError.self) { _ = try await manager.create(spec) }
        }
        _ = try await manager.delete(spec.key, withSnapshots: false).value()
        let made = try await manager.create(spec).value()
        try await reconciler.pass()
        try await reconciler.pass()
        #expect(try await manager.volume(spec.key).id == made.id)
        try await node.expectConsistency()
    }

    @Test("access that was taken away since does not come back with the recovery of a lost update")
    func access() async throws {
        let node = try SimulatedNode()
        let (manager, reconciler) = try await node.start()
        let key = try Sample.key("shop/data")
        _ = try await manager.create(Sample.spec("shop/data")).value()
        try await withoutEnds(node) {
            await #expect(throws: StorageError.self) {
                _ = try await manager.setClient(Sample.rule("10.0.0.1"), of: key)
            }
        }
        _ = try await manager.removeClient(ClientAddress("10.0.0.1"), of: key).value()
        try await reconciler.pass()
        #expect(try await manager.volume(key).clients.isEmpty)
        try await node.expectConsistency()
    }

    @Test("a volume whose growth was lost can be grown further, and deleted", arguments: [true, false])
    func grow(_ isDeleted: Bool) async throws {
        let node = try SimulatedNode()
        let (manager, reconciler) = try await node.start()
        let key = try Sample.key("shop/data")
        _ = try await manager.create(Sample.spec("shop/data")).value()
        try await withoutEnds(node) {
            await #expect(throws: StorageError.self) {
                _ = try await manager.update(key, VolumeChange(capacity: .mebibytes(128)))
            }
        }
        if isDeleted {
            _ = try await manager.delete(key, withSnapshots: false).value()
        } else {
            #expect(
                try await manager.update(key, VolumeChange(capacity: .mebibytes(256))).value().capacity
                    == .mebibytes(256))
        }
        try await reconciler.pass()
        try await node.expectConsistency()
    }

    @Test("nothing is done to a namesake by an operation that was left from a volume before it")
    func namesake() async throws {
        let node = try SimulatedNode()
        let (manager, _) = try await node.start()
        let spec = try Sample.spec("shop/data")
        let made = try await manager.create(spec).value()
        let catalog = try node.openCatalog()
        let stale = Operation(
            volume: VolumeIdentity(id: VolumeID(), key: spec.key), plan: .create, step: "allocate",
            startedAt: Sample.moment)
        try await catalog.begin(stale)
        try catalog.close()
        let second = try await node.start().manager
        #expect(try await second.volume(spec.key).id == made.id)
        try await node.expectConsistency()
    }

    @Test("an undo that something holds up goes on by itself, quarantines nothing, and is logged once")
    func heldUp() async throws {
        let node = try SimulatedNode()
        let (manager, reconciler) = try await node.start()
        // allocate: create; format: activate, format; mount: activate, mount; export: activate, and ensure, which fails, and
        // all after it.
        node.plan.arm(.failsBefore, from: 6, error: StorageError(.busy, "the device is held"))
        let error = await #expect(throws: StorageError.self) { _ = try await manager.create(Sample.spec("shop/data")) }
        #expect(error?.message.contains("goes on by itself") == true)
        #expect(node.plan.calls[6] == "exporter.ensure")
        for _ in 0..<3 {
            let count = node.plan.calls.count
            try await eventually {
                try? await reconciler.pass()
                return node.plan.calls.count > count
            }
        }
        let told = node.log.lines.filter { $0.contains("the device is held") }
        #expect(!told.isEmpty && told.count == Set(told).count)
        node.plan.disarm()
        try await node.settle(reconciler)
        try await node.expectConsistency()
        _ = try await manager.create(Sample.spec("shop/data")).value()
    }
}
