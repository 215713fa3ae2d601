import StorageCore
import TestSupport
import Testing

@testable import Provisioning

@Suite("Reconciler", .tags(.unit))
struct ReconcilerTests {
    private func node() async throws -> (SimulatedNode, VolumeManager, Reconciler) {
        let node = try SimulatedNode()
        let (manager, reconciler) = try await node.start()
        for name in ["one", "two"] {
            _ = try await manager.create(Sample.spec("shop/\(name)", clients: ["10.0.0.1"])).value()
        }
        return (node, manager, reconciler)
    }

    @Test("what somebody unmounted is mounted and exported again")
    func unmounted() async throws {
        let (node, _, reconciler) = try await node()
        _ = try await node.filesystem.unmount(MountPath("/nfs/shopone"))
        try await reconciler.pass()
        try await node.expectConsistency()
    }

    @Test("a filesystem that has shut itself down is told of, left as it is, and normal when it is mended")
    func shutDown() async throws {
        let (node, manager, reconciler) = try await node()
        let key = try Sample.key("shop/one")
        try node.filesystem.inject(.shutDown, at: MountPath("/nfs/shopone"))
        node.plan.disarm()
        try await reconciler.pass()
        let volume = try await manager.volume(key)
        #expect(volume.phase == .ready && volume.condition.abnormal)
        #expect(volume.condition.message.contains("shut itself down after I/O errors"))
        #expect(volume.condition.message.contains("convert2nfsd retire"))
        #expect(try await manager.volume(Sample.key("shop/two")).condition == .normal)
        #expect(node.plan.calls == [], "nothing is touched")
        #expect(try await node.exporter.exports().contains(ObservedExport(volume.export)))
        #expect(await manager.usedBytes(of: [volume]) == [:])

        _ = try await manager.unmountAll()
        let (next, nextReconciler) = try await node.start()
        try await nextReconciler.pass()
        #expect(try await next.volume(key).condition == .normal)
        try await node.expectConsistency()
    }

    @Test("an export that somebody removed, changed or added is set right")
    func exportDrift() async throws {
        let (node, manager, reconciler) = try await node()
        let one = try await manager.volume(Sample.key("shop/one"))
        let two = try await manager.volume(Sample.key("shop/two"))
        _ = try await node.exporter.withdraw(one.export)
        _ = try await node.exporter.ensure(
            Export(id: two.exportID, fsid: .uuid(two.id), path: two.path, squash: .all, clients: []))
        let stranger = try #require(ExportID(999))
        _ = try await node.exporter.ensure(
            Export(id: stranger, fsid: .uuid(VolumeID()), path: MountPath("/etc"), squash: .none, clients: []))
        try await reconciler.pass()
        try await node.expectConsistency()
    }

    @Test("a dead NFS server comes back with all exports")
    func deadServer() async throws {
        let (node, _, reconciler) = try await node()
        await node.exporter.kill()
        try await reconciler.pass()
        try await node.expectConsistency()
    }

    @Test(
        "a change of an export starts a server that does not run, with all exports, and asks one that runs for this one alone",
        arguments: [false, true])
    func changeOfExport(_ isRunning: Bool) async throws {
        let (node, manager, _) = try await node()
        node.plan.disarm()
        if isRunning {
            node.plan.arm(.failsBefore, from: 0, error: StorageError(.unavailable, "too slow"))
        } else {
            await node.exporter.kill()
        }
        let change = try? await manager.update(Sample.key("shop/one"), VolumeChange(clients: [])).value()
        #expect((change == nil) == isRunning)
        #expect(node.plan.calls.contains("exporter.ensure"))
        #expect(node.plan.calls.contains("exporter.serve") == !isRunning)
    }

    @Test("after a reboot everything is mounted before anything is exported")
    func reboot() async throws {
        let (node, _, _) = try await node()
        await node.exporter.kill()
        for path in ["/nfs/shopone", "/nfs/shoptwo"] { _ = try await node.filesystem.unmount(MountPath(path)) }
        for entry in try await node.backend.inventory().volumes {
            _ = try await node.backend.deactivate(entry.identity)
        }
        node.plan.disarm()
        _ = try await node.start()
        let calls = node.plan.calls
        let lastMount = try #require(calls.lastIndex(of: "filesystem.mount"))
        let firstExport = try #require(calls.firstIndex { ["exporter.serve", "exporter.ensure"].contains($0) })
        #expect(lastMount < firstExport)
        try await node.expectConsistency()
    }

    private func reboot(_ node: SimulatedNode) async throws {
        await node.exporter.kill()
        for path in ["/nfs/shopone", "/nfs/shoptwo"] { _ = try await node.filesystem.unmount(MountPath(path)) }
        for entry in try await node.backend.inventory().volumes {
            _ = try await node.backend.deactivate(entry.identity)
        }
        node.plan.poolIsSilent.withLock { $0 = true }
    }

    @Test("at boot no server is started without a pool that comes late, for then clients' files would be gone for good")
    func latePool() async throws {
        let (node, _, _) = try await node()
        try await reboot(node)
        let (manager, reconciler) = try node.program(poolPatience: .seconds(3600))
        let error = await #expect(throws: StorageError.self) { try await reconciler.pass() }
        #expect(error?.code == .unavailable && error?.message.contains("injected silence") == true)
        #expect(!manager.isReady)
        #expect(await !node.exporter.isRunning())
        node.plan.poolIsSilent.withLock { $0 = false }
        try await reconciler.pass()
        #expect(manager.isReady)
        try await node.expectConsistency()
    }

    @Test("a pool that does not come keeps the others' volumes from being served for a while only")
    func absentPool() async throws {
        let (node, _, _) = try await node()
        try await reboot(node)
        let (manager, reconciler) = try node.program(poolPatience: .zero)
        try await reconciler.pass()
        #expect(manager.isReady)
        #expect(try await node.exporter.exports().isEmpty)
    }

    @Test("a server that runs is not left alone because a pool is away")
    func poolGoneUnderServer() async throws {
        let (node, _, _) = try await node()
        _ = try await node.filesystem.unmount(MountPath("/nfs/shopone"))
        node.plan.poolIsSilent.withLock { $0 = true }
        let (manager, reconciler) = try node.program(poolPatience: .seconds(3600))
        try await reconciler.pass()
        #expect(manager.isReady)
        #expect(try await node.exporter.exports().map(\.path) == [MountPath("/nfs/shoptwo")])
    }

    @Test("a restart with everything in place touches nothing")
    func restart() async throws {
        let (node, _, _) = try await node()
        node.plan.disarm()
        _ = try await node.start()
        #expect(node.plan.calls == ["exporter.serve"], "one look at the server, no mount, no export")
        try await node.expectConsistency()
    }

    @Test("storage that the catalog does not know is shown and left alone")
    func orphans() async throws {
        let (node, _, _) = try await node()
        let orphan = VolumeIdentity(id: VolumeID(), key: try Sample.key("lost/one"))
        _ = try await node.backend.create(orphan, capacity: .mebibytes(64))
        let manager = try await node.start().manager
        let status = try #require(try await manager.poolStatuses().first)
        #expect(status.condition.message.contains("lost/one"))
        #expect(try await node.backend.inventory().volumes.contains { $0.identity == orphan })
    }

    @Test("a volume that cannot be mounted is said to be abnormal, and is normal again when it can")
    func abnormal() async throws {
        let (node, manager, reconciler) = try await node()
        let path = MountPath("/nfs/shopone")
        _ = try await node.filesystem.unmount(path)
        node.plan.arm(.failsBefore, at: 2)
        try await reconciler.pass()
        #expect(node.plan.calls.last == "filesystem.mount")
        #expect(try await manager.volume(Sample.key("shop/one")).condition.message.contains("injected fault"))
        node.plan.disarm()
        try await reconciler.pass()
        try await reconciler.pass()
        #expect(try await manager.volume(Sample.key("shop/one")).condition == .normal)
        try await node.expectConsistency()
    }

    @Test("volumes stay served where they are when the root for new ones changes")
    func otherRoot() async throws {
        let (node, _, _) = try await node()
        await node.exporter.kill()
        _ = try await node.filesystem.unmount(MountPath("/nfs/shoptwo"))
        _ = try await node.start(root: "/srv/volumes")
        try await node.expectConsistency()
    }

    @Test("a volume whose create is being undone is not exported again")
    func undoing() async throws {
        let (node, manager, reconciler) = try await node()
        // Its export fails, and nothing after it works either.
        node.plan.arm(.failsBefore, from: 5, error: StorageError(.busy, "held"))
        await #expect(throws: StorageError.self) { _ = try await manager.create(Sample.spec("shop/new")) }
        node.plan.disarm()
        await node.exporter.kill()
        // The undo does not go on yet.
        let key = try Sample.key("shop/new")
        #expect(manager.lock.tryAcquire(key))
        try await reconciler.pass()
        #expect(try await node.filesystem.mounted(at: MountPath("/nfs/shopnew")) != nil)
        #expect(try await node.exporter.exports().map(\.path.value).sorted() == ["/nfs/shopone", "/nfs/shoptwo"])
        manager.lock.release([key])
        try await node.settle(reconciler)
        try await node.expectConsistency()
    }

    @Test("what a snapshot left whose undo failed too is removed later, and its volume is ready again")
    func leftSnapshot() async throws {
        let (node, manager, reconciler) = try await node()
        let snapshot = try Sample.snapshot("shop/one@monday")
        // freeze, createSnapshot, and then neither the copy nor the thaw works.
        node.plan.arm(.failsBefore, from: 1)
        await #expect(throws: StorageError.self) { _ = try await manager.createSnapshot(snapshot) }
        node.plan.disarm()
        #expect(try await manager.volume(snapshot.volume).phase == .failed)
        #expect(try await !manager.snapshot(snapshot).isReady)
        try await reconciler.pass()
        try await eventually { try await manager.volume(snapshot.volume).phase == .ready }
        #expect(try await manager.volume(snapshot.volume).condition == .normal)
        #expect(try await manager.snapshots(of: snapshot.volume).isEmpty)
        try await node.expectConsistency()
    }

    @Test("a deletion that is held up delays no repair, and is not begun twice", .timeLimit(.minutes(1)))
    func heldUpDeletion() async throws {
        let (node, manager, reconciler) = try await node()
        // The withdrawal is made, but its answer is lost.
        node.plan.arm(.failsAfter, at: 0)
        let key = try Sample.key("shop/one")
        await #expect(throws: StorageError.self) { _ = try await manager.delete(key, withSnapshots: false) }
        // withdraw, activate, and then an unmount that takes long.
        node.plan.arm(.takesLong, at: 2)
        try await reconciler.pass()
        try await eventually { node.plan.calls.count == 3 }
        _ = try await node.filesystem.unmount(MountPath("/nfs/shoptwo"))
        try await reconciler.pass()
        #expect(try await node.filesystem.mounted(at: MountPath("/nfs/shoptwo")) != nil)
        #expect(node.plan.calls.count { $0 == "filesystem.unmount" } == 1)
        node.plan.disarm()
        try await eventually { try await manager.volumes(in: nil, after: nil, limit: 9).items.count == 1 }
        try await node.expectConsistency()
    }

    @Test("a deletion that goes on late does not delete another volume that has the name by then")
    func namesake() async throws {
        let (node, manager, _) = try await node()
        let key = try Sample.key("shop/one")
        let old = try await manager.volume(key)
        _ = try await manager.delete(key, withSnapshots: false).value()
        let new = try await manager.create(Sample.spec("shop/one", clients: ["10.0.0.1"])).value()
        await manager.resumeDeletion(of: old.identity)
        await manager.resumeDeletion(of: new.identity)
        #expect(try await manager.volume(key) == new)
        try await node.expectConsistency()
    }

    @Test("an undo that hangs delays no repair, and goes on when it can", .timeLimit(.minutes(1)))
    func hangingUndo() async throws {
        let (node, manager, reconciler) = try await node()
        // Its export fails, and nothing after it works either.
        node.plan.arm(.failsBefore, from: 5, error: StorageError(.busy, "held"))
        await #expect(throws: StorageError.self) { _ = try await manager.create(Sample.spec("shop/new")) }
        // withdraw, activate, and then an unmount that takes long.
        node.plan.arm(.takesLong, at: 2)
        try await reconciler.pass()
        try await eventually { node.plan.calls.count == 3 }
        #expect(node.plan.calls.last == "filesystem.unmount")
        let path = MountPath("/nfs/shoptwo")
        _ = try await node.filesystem.unmount(path)
        try await reconciler.pass()
        #expect(try await node.filesystem.mounted(at: path) != nil)
        #expect(try await !manager.operations(limit: 9).allSatisfy(\.isFinished))
        node.plan.disarm()
        try await node.expectConsistency()
    }

    @Test(
        "an undo that the program's end interrupts has not failed, and the next start ends it", .timeLimit(.minutes(1)))
    func interruptedUndo() async throws {
        let (node, manager, reconciler) = try await node()
        node.plan.arm(.failsBefore, from: 5, error: StorageError(.busy, "held"))
        let key = try Sample.key("shop/new")
        await #expect(throws: StorageError.self) { _ = try await manager.create(Sample.spec("shop/new")) }
        // withdraw, activate, and then an unmount that is given up.
        node.plan.arm(.diesBefore, at: 2)
        let service = Task { try await reconciler.run() }
        try await node.plan.death()
        service.cancel()
        _ = await service.result
        node.plan.disarm()
        #expect(try await manager.volume(key).phase == .creating)
        _ = try await node.start()
        try await node.expectConsistency()
    }

    @Test("what an operation mounted since the look keeps its export")
    func mountedSince() async throws {
        let (node, manager, _) = try await node()
        let path = MountPath("/nfs/shopone")
        let device = try #require(try await node.filesystem.mounted(at: path))
        _ = try await node.filesystem.unmount(path)
        let seen = try await manager.observer.look()
        _ = try await node.filesystem.mount(device, as: .ext4, at: path)
        node.plan.disarm()
        #expect(await MountRepair(manager: manager, logger: manager.logger).all(seen) == 0)
        #expect(node.plan.calls.isEmpty)
        try await node.expectConsistency()
    }
}
