import FoundationEssentials
import HostTools
import NodeAPI
import NodeHarness
import StorageCore
import TestSupport
import Testing

/// Images, catalog and logs on one disk, promised more than it holds: what a small machine has.
@Suite("A disk that holds everything and is full", .tags(.integration), .requiresRoot, .requiresLoopDevices)
struct StateDiskTests {
    @Test("volumes and snapshots can be deleted, nothing new is begun, and all are served")
    func deletes() async throws {
        try await withFullNode { node, _ in
            for name in ["shop/new", "shop/newer"] {
                let refusal = await #expect(throws: StorageError.self) { _ = try await node.create(name) }
                #expect(refusal?.code == .outOfCapacity, "\(String(describing: refusal))")
            }
            let refusal = await #expect(throws: StorageError.self) { try await node.snapshot("shop/v0@new") }
            #expect(refusal?.code == .outOfCapacity, "\(String(describing: refusal))")
            #expect(try await node.volumes().count == 8)
            #expect(try await node.read("/file", of: "shop/v0") == pattern(100))
            try await node.deleteSnapshot("shop/v0@old")
            for index in 1..<8 { try await node.delete("shop/v\(index)") }
            #expect(try await node.volumes().map(\.name.value) == ["v0"])
        }
    }

    @Test("a daemon that was killed starts again, serves, and deletes")
    func restart() async throws {
        try await withFullNode { node, disk in
            try await node.kill()
            try disk.fill()
            try await node.start()
            #expect(try await node.read("/file", of: "shop/v0") == pattern(100))
            try await node.delete("shop/v1")
        }
    }

    @Test("with room again, all goes on")
    func roomAgain() async throws {
        try await withFullNode { node, disk in
            try disk.unfill()
            _ = try await node.create("shop/new")
            try await node.write(pattern(100), to: "/file", of: "shop/new")
            try disk.fill()
        }
    }

    private func withFullNode(_ body: (RunningNode, SmallFilesystem) async throws -> Void) async throws {
        let disk = try SmallFilesystem(size: .mebibytes(300))
        defer { disk.remove() }
        var options = DaemonNode.Options()
        options.overcommit = 100
        try await withNode(options, in: disk.path) { node in
            for index in 0..<8 { _ = try await node.create("shop/v\(index)") }
            try await node.write(pattern(100), to: "/file", of: "shop/v0")
            try await node.snapshot("shop/v0@old")
            try disk.fill()
            try await body(node, disk)
            try disk.unfill()
        }
    }
}
