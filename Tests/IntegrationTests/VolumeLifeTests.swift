import FoundationEssentials
import NFSClient
import NodeAPI
import NodeHarness
import TestSupport
import Testing

@Suite("A volume's life on a real node", .tags(.integration), .requiresRoot, .requiresLoopDevices)
struct VolumeLifeTests {
    static let kinds: [FilesystemKind] = [.xfs, .ext4]
    static let versions: [NFSConnection.Version] = [.v3, .v4]
    static let squashes: [(Squash, Int32, Bool)] = [
        (.none, 0, false), (.none, 1000, false), (.root, 0, true), (.root, 1000, false), (.all, 1000, true),
    ]

    @Test(
        "what one client writes another reads, over both versions",
        arguments: kinds, versions)
    func data(_ kind: FilesystemKind, _ version: NFSConnection.Version) async throws {
        try await withNode { node in
            let volume = try await node.create("shop/data", size: .mebibytes(320), filesystem: kind)
            #expect(volume.phase == .ready)
            #expect(volume.nfs.path == "\(node.daemon.root)/shopdata")
            let writer = try await node.mount("shop/data", version)
            let bytes = pattern(3_000_001)
            try await writer.write(bytes, to: "/a file")
            let reader = try await node.mount("shop/data", .v3)
            #expect(try await reader.read("/a file") == bytes)
            await writer.close()
            await reader.close()
        }
    }

    @Test("a volume whose image somebody removed is deleted with its mount, its device and its directory")
    func removedImage() async throws {
        try await withNode { node in
            _ = try await node.create("shop/data")
            let image = "\(node.daemon.images)/shop.data"
            try FileManager.default.removeItem(atPath: "\(image).img")
            try FileManager.default.removeItem(atPath: "\(image).json")
            try await node.delete("shop/data")
            let leaks = try Leaks(of: node.daemon)
            #expect(leaks.mounts.isEmpty && leaks.loopDevices.isEmpty, "\(leaks)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: node.daemon.root).isEmpty)
            _ = try await node.create("shop/data")
        }
    }

    @Test("an image without the file that says whose it is, is not forgotten by a delete")
    func lostIdentity() async throws {
        try await withNode { node in
            _ = try await node.create("shop/data")
            let identity = "\(node.daemon.images)/shop.data.json"
            try FileManager.default.moveItem(atPath: identity, toPath: "\(node.daemon.directory)/kept")
            let error = await #expect(throws: StorageError.self) { try await node.delete("shop/data") }
            #expect(error?.code == .conflict)
            #expect(error?.message.contains("without a valid identity file") == true)
            #expect(try await node.volume("shop/data").phase == .deleting)
            try FileManager.default.moveItem(atPath: "\(node.daemon.directory)/kept", toPath: identity)
            try await node.delete("shop/data")
        }
    }

    @Test("a volume is full at its size, its neighbour goes on, and growing it lets writes go on")
    func fullAndGrown() async throws {
        try await withNode { node in
            _ = try await node.create("shop/small", size: .mebibytes(300), filesystem: .xfs)
            _ = try await node.create("shop/other")
            let writer = try await node.mount("shop/small")
            let chunk = pattern(1 << 20)
            let file = try await writer.open("/fill", creating: true)
            var written: UInt64 = 0
            let error = await #expect(throws: NFSError.self) {
                while written < 400 << 20 {
                    try await file.write(chunk, at: written)
                    try await file.sync()
                    written += UInt64(chunk.count)
                }
            }
            #expect(error?.isOutOfSpace == true, "\(String(describing: error))")
            #expect((200 << 20...300 << 20).contains(written), "\(written) bytes fit into 300 MiB")
            try await node.write(pattern(4096), to: "/fine", of: "shop/other")

            let grown = try await node.update("shop/small", UpdateVolumeRequest(capacity: .mebibytes(600)))
            #expect(grown.capacityBytes == .mebibytes(600))
            try await file.write(chunk, at: written)
            try await file.sync()
            try await file.close()
            await writer.close()
        }
    }

    @Test(
        "a snapshot keeps what was, and a clone of it or of the volume has its own data",
        arguments: kinds)
    func snapshots(_ kind: FilesystemKind) async throws {
        try await withNode { node in
            let size = ByteCount.mebibytes(320)
            let before = pattern(500_000, seed: 1)
            let after = pattern(500_000, seed: 2)
            let origin = try await node.create("shop/data", size: size, filesystem: kind)
            try await node.write(before, to: "/file", of: "shop/data")
            try await node.snapshot("shop/data@monday")
            try await node.write(after, to: "/file", of: "shop/data")

            let source = VolumeSource.snapshot(try Sample.snapshot("shop/data@monday"))
            let clone = try await node.create("shop/clone", size: .mebibytes(400), filesystem: kind, source: source)
            #expect(try await node.read("/file", of: "shop/clone") == before)
            let copy = try await node.create(
                "shop/copy", size: size, filesystem: kind, source: .volume(try Sample.key("shop/data")))
            #expect(try await node.read("/file", of: "shop/copy") == after)
            #expect(Set([origin.id, clone.id, copy.id]).count == 3)

            try await node.write(pattern(10), to: "/file", of: "shop/clone")
            #expect(try await node.read("/file", of: "shop/data") == after)
            #expect(try await node.read("/file", of: "shop/copy") == after)
            try await node.delete("shop/data", snapshots: true)
            #expect(try await node.read("/file", of: "shop/copy") == after)
        }
    }

    @Test("a client is served only while it is named, and only as it is named")
    func access() async throws {
        try await withNode { node in
            _ = try await node.create("shop/data", clients: [])
            let refused = await #expect(throws: NFSError.self) { _ = try await node.mount("shop/data") }
            #expect(refused?.isDenied == true)

            _ = try await node.update("shop/data", UpdateVolumeRequest(clients: [Sample.rule("127.0.0.1")]))
            let client = try await node.mount("shop/data")
            try await client.write(pattern(10), to: "/file")
            let file = try await client.open("/file")

            _ = try await node.update("shop/data", UpdateVolumeRequest(clients: [Sample.rule("127.0.0.1=ro")]))
            #expect(try await client.read("/file") == pattern(10))
            await #expect(throws: NFSError.self) { try await client.write(pattern(10), to: "/other") }

            _ = try await node.update("shop/data", UpdateVolumeRequest(clients: []))
            await #expect(throws: NFSError.self) { try await file.write(pattern(10), at: 0) }
            await client.close()
        }
    }

    @Test(
        "squash decides who acts as nobody", arguments: squashes)
    func squash(_ squash: Squash, _ user: Int32, _ isNobody: Bool) async throws {
        try await withNode { node in
            _ = try await node.create("shop/data")
            // Through the other first, so that it is a change each time.
            for value in [squash == .all ? Squash.none : .all, squash] {
                _ = try await node.update("shop/data", UpdateVolumeRequest(squash: value))
            }
            let client = try await node.mount("shop/data")
            try await client.act(as: user, group: user)
            try await client.write(pattern(10), to: "/file")
            let owner = try await client.status(of: "/file").user
            #expect(isNobody ? [65534, 4_294_967_294].contains(owner) : owner == UInt32(user), "it is \(owner)'s")
            await client.close()
        }
    }

    @Test("volumes of a deleted name start empty, with an identity of their own")
    func again() async throws {
        try await withNode { node in
            let first = try await node.create("shop/data")
            try await node.write(pattern(10), to: "/old", of: "shop/data")
            try await node.delete("shop/data")
            let second = try await node.create("shop/data")
            #expect(first.id != second.id)
            let client = try await node.mount("shop/data")
            #expect(try await client.list("/").filter { !["lost+found"].contains($0) } == [])
            await client.close()
        }
    }
}
