import Catalog
import Provisioning
import StorageCore
import TestSupport
import Testing

@Suite("What is not the volume's own filesystem is not touched", .tags(.unit))
struct OwnMountTests {
    struct Change: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let make: @Sendable (VolumeManager, VolumeKey) async throws -> Void
    }

    static let changes: [Change] = [
        Change(testDescription: "let a client in") { _ = try await $0.setClient(Sample.rule("10.0.0.9"), of: $1) },
        Change(testDescription: "change squash") { _ = try await $0.update($1, VolumeChange(squash: .all)).value() },
        Change(testDescription: "snapshot") {
            _ = try await $0.createSnapshot(SnapshotKey(volume: $1, name: SnapshotName("monday"))).value()
        },
        Change(testDescription: "grow") {
            _ = try await $0.update($1, VolumeChange(capacity: .mebibytes(256))).value()
        },
    ]

    private let node: SimulatedNode
    private let path = MountPath("/nfs/shopdata")

    init() throws { node = try SimulatedNode() }

    private func start() async throws -> (manager: VolumeManager, reconciler: Reconciler, key: VolumeKey) {
        let (manager, reconciler) = try await node.start()
        let volume = try await manager.create(Sample.spec("shop/data", clients: ["10.0.0.1"])).value()
        _ = try await node.filesystem.unmount(path)
        _ = try await node.exporter.withdraw(volume.export)
        return (manager, reconciler, volume.key)
    }

    /// Somebody's filesystem at the volume's path.
    private func mountForeign() async throws -> DevicePath {
        let other = try Sample.identity("foreign/disk")
        _ = try await node.backend.create(other, capacity: .mebibytes(512))
        let device = try await node.backend.activate(other)
        _ = try await node.filesystem.format(device, as: .ext4, id: other.id)
        _ = try await node.filesystem.mount(device, as: .ext4, at: path)
        _ = try await node.backend.grow(other, to: .mebibytes(1024))
        return device
    }

    @Test("of a volume that is not mounted, nothing is changed and nobody is let in", arguments: changes)
    func unmounted(_ change: Change) async throws {
        let (manager, reconciler, key) = try await start()
        let before = try await manager.volume(key)
        let error = await #expect(throws: StorageError.self) { try await change.make(manager, key) }
        #expect(error?.code == .unavailable)
        #expect(try await node.exporter.exports().isEmpty)
        #expect(try await manager.volume(key).clients == before.clients)
        // Mounted again by the reconciler it is whole, whatever the change had begun; asking again goes on.
        try await reconciler.pass()
        try await change.make(manager, key)
        try await reconciler.pass()
        try await node.expectConsistency()
    }

    @Test("of somebody's filesystem at a volume's path, nothing is exported, frozen or grown", arguments: changes)
    func foreign(_ change: Change) async throws {
        let (manager, _, key) = try await start()
        let device = try await mountForeign()
        let size = try await node.filesystem.usage(of: path)?.capacity
        let error = await #expect(throws: StorageError.self) { try await change.make(manager, key) }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("\(device) is mounted") == true)
        #expect(try await node.exporter.exports().isEmpty)
        #expect(try await node.filesystem.usage(of: path)?.capacity == size)
        #expect(try await node.filesystem.freeze(path) == .changed, "it was not frozen")
    }

    @Test("a growth that a crash cut off waits for its pool, wherever the journal says it was", arguments: [0, 1])
    func recovery(_ cursor: Int) async throws {
        let manager = try await node.start().manager
        let volume = try await manager.create(Sample.spec("shop/data")).value()
        var wanted = VolumeSettings(of: volume)
        wanted.capacity = .mebibytes(256)
        let catalog = try node.openCatalog()
        var operation = Operation(
            volume: volume.identity, plan: .update(from: VolumeSettings(of: volume), to: wanted),
            step: ["grow-storage", "grow-filesystem"][cursor], startedAt: Sample.moment)
        operation.cursor = cursor
        var resizing = volume
        resizing.phase = .resizing
        try await catalog.begin(operation, [.putVolume(resizing)])
        try catalog.close()
        // The power went when both had grown, and how far it was is lost.
        _ = try await node.backend.grow(volume.identity, to: .mebibytes(256))
        _ = try await node.filesystem.grow(path, as: volume.filesystem)

        let next = try node.program()
        node.plan.arm(.failsBefore, from: 0, error: StorageError(.unavailable, "no disk"))
        try? await next.reconciler.pass()
        let held = try await next.manager.volume(volume.key)
        #expect(held.phase == .resizing, "\(held.condition) \(node.log.lines.suffix(5))")
        node.plan.disarm()
        for _ in 0..<2 { try await next.reconciler.pass() }
        #expect(try await next.manager.volume(volume.key).capacity == .mebibytes(256))
        try await node.expectConsistency()
    }

    @Test("a create that a power cut left is undone whole, though the journal says its first step")
    func lostSteps() async throws {
        let (manager, _) = try await node.start()
        let volume = try await manager.create(Sample.spec("shop/data")).value()
        let catalog = try node.openCatalog()
        var creating = volume
        creating.phase = .creating
        let operation = Operation(volume: volume.identity, plan: .create, step: "allocate", startedAt: Sample.moment)
        try await catalog.begin(operation, [.putVolume(creating)])
        try catalog.close()
        _ = try await node.start()
        #expect(try await node.filesystem.mounts(under: ["/nfs"]).isEmpty)
        try await node.expectConsistency()
    }
}
