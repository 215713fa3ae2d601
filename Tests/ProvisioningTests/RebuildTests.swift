import FoundationEssentials
import StorageCore
import TestSupport
import Testing

@testable import Provisioning

@Suite("A lost catalog is rebuilt from the pools", .tags(.unit))
struct RebuildTests {
    /// A node whose pool holds `shop/data` with the snapshot `monday`, and whose catalog is gone.
    private func bereft() async throws -> (node: SimulatedNode, volume: Volume) {
        let node = try SimulatedNode()
        let manager = try await node.start().manager
        let volume = try await manager.create(Sample.spec("shop/data", clients: ["10.0.0.1"])).value()
        _ = try await manager.createSnapshot(Sample.snapshot("shop/data@monday")).value()
        try node.loseCatalog()
        return (node, volume)
    }

    @Test("its volumes are served again, to nobody yet, with their snapshots; the same again finds nothing to do")
    func restored() async throws {
        let (node, lost) = try await bereft()
        let program = try await node.start()
        let rebuild = try await program.manager.rebuild(isDryRun: false)
        #expect(rebuild.left == [])
        #expect(rebuild.restored.map(\.key) == [lost.key])
        #expect(rebuild.restored.first?.snapshots.map(\.value) == ["monday"])
        let volume = try await program.manager.volume(lost.key)
        #expect(volume.identity == lost.identity && volume.capacity == lost.capacity)
        #expect(volume.filesystem == lost.filesystem && volume.path == lost.path)
        #expect(volume.clients.isEmpty && volume.phase == .ready)
        try await program.reconciler.pass()
        try await node.expectConsistency()
        #expect(try await program.manager.poolStatuses().first?.condition == .normal)
        #expect(try await program.manager.rebuild(isDryRun: false) == Rebuild())

        let source = VolumeSource.snapshot(try Sample.snapshot("shop/data@monday"))
        _ = try await program.manager.create(Sample.spec("shop/clone", source: source)).value()
        _ = try await program.manager.delete(lost.key, withSnapshots: true).value()
        try await node.expectConsistency()
    }

    @Test("a dry run says the same, and changes nothing")
    func dryRun() async throws {
        let (node, lost) = try await bereft()
        _ = try await node.filesystem.unmount(lost.path)
        _ = try await node.backend.deactivate(lost.identity)
        let manager = try await node.start().manager
        let dry = try await manager.rebuild(isDryRun: true)
        #expect(dry.restored.map(\.key) == [lost.key])
        #expect(try await manager.volumeCount() == 0)
        #expect(try await node.backend.inventory().volumes.map(\.device) == [nil])
        #expect(try await manager.rebuild(isDryRun: false) == dry)
        #expect(try await manager.volumeCount() == 1)
    }

    @Test("storage without a filesystem of its own is left as it is", arguments: [nil, VolumeID()])
    func unformatted(_ id: VolumeID?) async throws {
        let node = try SimulatedNode()
        let orphan = try Sample.identity("shop/half")
        _ = try await node.backend.create(orphan, capacity: .mebibytes(64))
        if let id {
            let device = try await node.backend.activate(orphan)
            _ = try await node.filesystem.format(device, as: .ext4, id: id)
            _ = try await node.backend.deactivate(orphan)
        }
        let before = try await node.backend.inventory()
        let rebuild = try await node.start().manager.rebuild(isDryRun: false)
        #expect(rebuild.restored.isEmpty)
        #expect(rebuild.left.map(\.resource) == ["volumes/shop/half"])
        let reason = try #require(rebuild.left.first?.reason)
        #expect(reason.contains(id.map { "UUID \($0)," } ?? "no filesystem"), "\(reason)")
        #expect(try await node.backend.inventory() == before)
    }

    @Test("a volume whose path another has is left, and its snapshots with it")
    func pathTaken() async throws {
        let (node, _) = try await bereft()
        let manager = try await node.start().manager
        // The same path as shop/data has.
        _ = try await node.filesystem.unmount(MountPath("/nfs/shopdata"))
        _ = try await manager.create(Sample.spec("sho/pdata")).value()
        let rebuild = try await manager.rebuild(isDryRun: false)
        #expect(rebuild.restored.isEmpty)
        #expect(rebuild.left.map(\.resource) == ["volumes/shop/data", "volumes/shop/data/snapshots/monday"])
        #expect(rebuild.left.first?.reason.contains("/nfs/shopdata is the path of sho/pdata") == true)
    }

    @Test("a pool that does not answer is named")
    func silentPool() async throws {
        let (node, lost) = try await bereft()
        let manager = try await node.start().manager
        node.plan.poolIsSilent.withLock { $0 = true }
        let rebuild = try await manager.rebuild(isDryRun: false)
        #expect(rebuild.restored.isEmpty && rebuild.left.map(\.resource) == ["pools/default"])
        node.plan.poolIsSilent.withLock { $0 = false }
        #expect(try await manager.rebuild(isDryRun: false).restored.map(\.key) == [lost.key])
    }

    @Test("a volume that something works on is left until that has ended")
    func busy() async throws {
        let (node, lost) = try await bereft()
        let manager = try await node.start().manager
        #expect(manager.lock.tryAcquire(lost.key))
        let rebuild = try await manager.rebuild(isDryRun: false)
        #expect(rebuild.restored.isEmpty && rebuild.left.first?.reason.contains("works on") == true)
        manager.lock.release([lost.key])
        #expect(try await manager.rebuild(isDryRun: false).restored.map(\.key) == [lost.key])
    }

    @Test("a node that has not started rebuilds nothing")
    func starting() async throws {
        let (node, _) = try await bereft()
        let manager = try node.program().manager
        await #expect(throws: StorageError.self) { try await manager.rebuild(isDryRun: false) }
    }
}
