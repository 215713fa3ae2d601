import FoundationEssentials
import NodeAPI
import StorageCore
import TestSupport
import Testing

@Suite("A lost catalog, with real parts", .tags(.integration), .requiresRoot, .requiresLoopDevices)
struct RebuildTests {
    @Test("volumes are restored from their images, and their data is there")
    func rebuild() async throws {
        try await withNode { node in
            _ = try await node.create("shop/data")
            let bytes = pattern(1 << 20)
            try await node.write(bytes, to: "/file", of: "shop/data")
            try await node.snapshot("shop/data@monday")
            try await node.kill()
            for suffix in ["", "-wal", "-shm"] {
                try FileManager.default.removeItem(atPath: "\(node.daemon.directory)/state/catalog.sqlite\(suffix)")
            }
            try await node.start()
            #expect(try await node.volumes().isEmpty)

            let dry = try await Self.rebuild(node, isDryRun: true)
            #expect(dry.dryRun && dry.left.isEmpty && dry.restored.map { $0.snapshots.map(\.value) } == [["monday"]])
            #expect(try await node.volumes().isEmpty)
            let done = try await Self.rebuild(node, isDryRun: false)
            #expect(done.restored == dry.restored && done.left.isEmpty)

            let client = try Sample.rule("127.0.0.1")
            _ = try await node.update("shop/data", UpdateVolumeRequest(clients: [client]))
            #expect(try await node.read("/file", of: "shop/data") == bytes)
            let source = VolumeSource.snapshot(try Sample.snapshot("shop/data@monday"))
            _ = try await node.create("shop/clone", source: source)
            #expect(try await node.read("/file", of: "shop/clone") == bytes)
        }
    }

    private static func rebuild(_ node: RunningNode, isDryRun: Bool) async throws -> RebuildDocument {
        try await node.daemon.call { (client) async throws(StorageError) in
            try await client.rebuildCatalog(RebuildCatalogRequest(dryRun: isDryRun))
        }
    }
}
