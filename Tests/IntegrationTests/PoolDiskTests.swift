import FoundationEssentials
import HostTools
import NFSClient
import NodeAPI
import NodeHarness
import StorageCore
import TestSupport
import Testing

@Suite("A pool on a disk of its own", .tags(.integration), .requiresRoot, .requiresLoopDevices)
struct PoolDiskTests {
    /// A node whose default pool is `disk` as a whole, and which has another one.
    private func withDisk(_ body: (RunningNode, SmallFilesystem) async throws -> Void) async throws {
        let disk = try SmallFilesystem(size: .mebibytes(300))
        defer { disk.remove() }
        var options = DaemonNode.Options()
        options.images = disk.path
        options.hasSecondPool = true
        try await withNode(options) { node in try await body(node, disk) }
    }

    private func statuses(_ node: RunningNode) async throws -> [String: PoolDocument] {
        let pools = try await node.daemon.call { (client) async throws(StorageError) in try await client.pools() }
        return Dictionary(uniqueKeysWithValues: pools.map { ("\($0.name)", $0) })
    }

    @Test("what an operator put into a pool is shown as foreign, and stays")
    func foreign() async throws {
        try await withDisk { node, disk in
            _ = try await node.create("shop/data")
            try DurableFile.write(Array("precious".utf8), to: "\(disk.path)/notes.txt")
            #expect(try await statuses(node)["default"]?.foreign == ["notes.txt"])
            #expect(try await statuses(node)["second"]?.foreign == [])
            #expect(try DurableFile.remove("\(disk.path)/notes.txt"))
        }
    }

    @Test("not mounted at the start its volumes are away, nothing is written below it; mounted later they are served")
    func missingAtStart() async throws {
        try await withDisk { node, disk in
            _ = try await node.create("shop/data")
            _ = try await node.create("shop/other", pool: "second")
            try await node.write(pattern(1000), to: "/file", of: "shop/data")
            try await node.write(pattern(500), to: "/file", of: "shop/other")
            try await node.daemon.retire(node.process)
            try disk.unmount()

            try await node.start()
            #expect(try await node.read("/file", of: "shop/other") == pattern(500))
            let away = try await node.volume("shop/data")
            #expect(away.condition.abnormal)
            #expect(away.condition.message.contains("its disk may not be mounted"), "\(away.condition.message)")
            #expect(try await statuses(node)["default"]?.condition.abnormal == true)
            #expect(try await statuses(node)["second"]?.condition.abnormal == false)
            let error = await #expect(throws: StorageError.self) { _ = try await node.create("shop/new") }
            #expect(error?.code == .unavailable, "\(String(describing: error))")
            #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path) == [])
            let log = try String(contentsOfFile: node.daemon.logFile, encoding: .utf8)
            #expect(log.contains("does not hold the pool default"))

            // The directory that an unclean end may leave is shown to nobody, whatever is changed meanwhile.
            try Directory.ensure("\(node.daemon.root)/shopdata", mode: 0)
            let rule = ClientRule(address: try ClientAddress("127.0.0.1"), access: .readOnly)
            let refusal = await #expect(throws: StorageError.self) {
                _ = try await node.update("shop/data", UpdateVolumeRequest(clients: [rule]))
            }
            #expect(refusal?.code == .unavailable, "\(String(describing: refusal))")
            await #expect(throws: NFSError.self) { _ = try await node.mount("shop/data") }
            #expect(try await node.volume("shop/data").condition.abnormal)

            // Its volumes are not in the way of taking the node out of service.
            try await node.daemon.retire(node.process)
            try await node.start()
            #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path) == [])
            try disk.mount()
            try await eventually(within: .seconds(20)) {
                (try? await node.read("/file", of: "shop/data")) == pattern(1000)
            }
            // What was refused meanwhile has left nothing.
            try await eventually { try await node.volumes().map(\.name.value).sorted() == ["data", "other"] }
        }
    }

    @Test("the first start with marks after an upgrade does not take the empty directory for the pool")
    func upgrade() async throws {
        try await withDisk { node, disk in
            _ = try await node.create("shop/data")
            try await node.daemon.retire(node.process)
            let record = "\(node.daemon.directory)/state/pools/default.json"
            for file in ["\(disk.path)/convert2nfs-pool.json", record] { try DurableFile.remove(file) }
            try disk.unmount()
            try await node.start()
            #expect(try await node.volume("shop/data").condition.abnormal)
            #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path) == [])
            #expect(!FileManager.default.fileExists(atPath: record))
            try disk.mount()
            try await eventually(within: .seconds(20)) { try await !node.volume("shop/data").condition.abnormal }
            #expect(FileManager.default.fileExists(atPath: record))
        }
    }
}
