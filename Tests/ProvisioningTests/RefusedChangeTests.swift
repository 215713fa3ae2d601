import Catalog
import NFSExports
import Provisioning
import StorageCore
import TestSupport
import Testing

@Suite("Changes that this node cannot make now", .tags(.unit))
struct RefusedChangeTests {
    struct Change: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let make: @Sendable (VolumeManager) async throws -> Void
    }

    static let changes: [Change] = [
        Change(testDescription: "delete") {
            try await $0.delete(Sample.key("shop/data"), withSnapshots: true).value()
        },
        Change(testDescription: "grow") {
            _ = try await $0.update(Sample.key("shop/data"), VolumeChange(capacity: .mebibytes(256))).value()
        },
        Change(testDescription: "snapshot") {
            _ = try await $0.createSnapshot(Sample.snapshot("shop/data@tuesday")).value()
        },
        Change(testDescription: "delete a snapshot") {
            try await $0.deleteSnapshot(Sample.snapshot("shop/data@monday")).value()
        },
    ]

    private func node() async throws -> SimulatedNode {
        let node = try SimulatedNode()
        let manager = try await node.start().manager
        _ = try await manager.create(Sample.spec("shop/data", clients: ["10.0.0.1"])).value()
        _ = try await manager.createSnapshot(Sample.snapshot("shop/data@monday")).value()
        return node
    }

    /// Everything of a volume that is recorded or served.
    private struct World: Equatable {
        let volume: Volume
        let snapshots: [Snapshot]
        let operations: [OperationID]
        let exports: [ObservedExport]
        let inventory: PoolInventory

        init(_ node: SimulatedNode, _ manager: VolumeManager) async throws {
            volume = try await manager.volume(Sample.key("shop/data"))
            snapshots = try await manager.snapshots(of: Sample.key("shop/data"))
            operations = try await manager.operations(limit: 100).map(\.id)
            exports = try await node.exporter.exports()
            inventory = try await node.backend.inventory()
        }
    }

    @Test(
        "what needs a pool that the configuration does not name is refused, and nothing has changed", arguments: changes
    )
    func removedPool(_ change: Change) async throws {
        let node = try await node()
        let (manager, reconciler) = try node.program(pool: "other")
        try await reconciler.pass()
        let before = try await World(node, manager)
        let error = await #expect(throws: StorageError.self) { try await change.make(manager) }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("in the pool default, which the configuration does not name") == true)
        #expect(error?.resource == "volumes/shop/data")
        try await reconciler.pass()
        #expect(try await World(node, manager) == before)
        #expect(before.volume.phase == .ready)
        #expect(before.exports.count == 1, "it is served on")
        _ = try await node.start()
        try await node.expectConsistency()
    }

    @Test("a volume of a pool that the configuration does not name can still be taken from its clients")
    func access() async throws {
        let node = try await node()
        let (manager, reconciler) = try node.program(pool: "other")
        try await reconciler.pass()
        _ = try await manager.update(Sample.key("shop/data"), VolumeChange(clients: [])).value()
        #expect(try await node.exporter.exports().allSatisfy { $0.clients.isEmpty })
    }

    @Test("a growth that the node's filesystem cannot do is refused before the storage grows")
    func growth() async throws {
        let node = try await node()
        let (manager, reconciler) = try node.program(growthRefusals: [.ext4: "no ext4 grows here"])
        try await reconciler.pass()
        let before = try await World(node, manager)
        let error = await #expect(throws: StorageError.self) {
            _ = try await manager.update(Sample.key("shop/data"), VolumeChange(capacity: .mebibytes(256))).value()
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message == "no ext4 grows here")
        #expect(try await World(node, manager) == before)
        try await node.expectConsistency()
    }
}
