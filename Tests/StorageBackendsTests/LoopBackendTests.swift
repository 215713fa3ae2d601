import FoundationEssentials
import Glibc
import HostTools
import StorageBackends
import StorageCore
import TestSupport
import Testing

@Suite(
    "A loop pool on a real filesystem", .tags(.integration), .requiresRoot, .requiresLoopDevices, .requires(.mkfsExt4))
struct LoopBackendTests {
    private static let size = ByteCount.mebibytes(32)
    private let marker = "convert2nfs-pool.json"

    private func withPool(
        _ kind: StorageFixture.Kind = .loop, _ body: (StorageFixture, String) async throws -> Void
    ) async throws {
        try await StorageFixture.with(kind) { pool in
            // The first use makes the directory.
            _ = try await pool.backend.usage()
            try await body(pool, try #require(pool.directory))
        }
    }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    @Test(
        "a size that no pool can hold is refused by every way to it", arguments: [StorageFixture.Kind.loop, .loopOnXFS])
    func hugeSizes(_ kind: StorageFixture.Kind) async throws {
        try await withPool(kind) { pool, _ in
            let (source, copy) = (try pool.identity("a"), try pool.identity("b"))
            let huge = ByteCount(Int64.max)
            // With something in it, so that a copy that shares extents has a cost beside its size.
            try await pool.provision(source, .mebibytes(16), .ext4)
            await expect(.outOfCapacity) { try await pool.backend.create(copy, capacity: huge) }
            await expect(.outOfCapacity) {
                try await pool.backend.copy(.volume(source), to: copy, capacity: huge, .undisturbed)
            }
            await expect(.outOfCapacity) { try await pool.backend.grow(source, to: huge) }
            let left = try await pool.backend.inventory()
            #expect(left.volumes.map(\.identity) == [source])
            #expect(left.volumes.map(\.capacity) == [.mebibytes(16)])
        }
    }

    @Test("only root reads the images, and an empty one takes no room")
    func isPrivateAndSparse() async throws {
        try await withPool { pool, directory in
            _ = try await pool.backend.create(pool.identity("a"), capacity: .gibibytes(1))
            #expect(mode(directory) == 0o700)
            #expect(mode("\(directory)/shop.a.img") == 0o600)
            #expect(mode("\(directory)/shop.a.json") == 0o600)
            #expect(try #require(try FileFacts.of("\(directory)/shop.a.img")).allocated == 0)
            #expect(try Directory.names(in: directory)?.count == 3)
        }
    }

    @Test("a daemon that starts anew finds the devices and the promises of its earlier life")
    func survivesRestart() async throws {
        try await withPool { pool, directory in
            let volume = try pool.identity("a")
            let device = try await pool.provision(volume, Self.size, .ext4)
            let next = try LoopBackend.open(directory)
            #expect(try await next.inventory() == pool.backend.inventory())
            #expect(try await next.activate(volume) == device)
            await expect(.busy) { try await next.remove(volume) }
        }
    }

    @Test(
        "what a crash left half-made is listed, can be made whole, and can be removed",
        arguments: [[], [".img"], [".img.partial"], [".img.partial", ".json.new"]])
    func leftovers(_ files: [String]) async throws {
        try await withPool { pool, directory in
            let volume = try pool.identity("a")
            _ = try await pool.backend.create(volume, capacity: Self.size)
            try DurableFile.remove("\(directory)/shop.a.img")
            for file in files { try DurableFile.write([], to: "\(directory)/shop.a\(file)") }

            let next = try LoopBackend.open(directory)
            #expect(
                try await next.inventory().volumes == [
                    PoolInventory.Entry(identity: volume, capacity: .zero, device: nil)
                ])
            await expect(.notFound) { try await next.activate(volume) }
            #expect(try await next.create(volume, capacity: Self.size) == .changed)
            #expect(try await next.remove(volume) == .changed)
            #expect(try Directory.names(in: directory) == [marker])
        }
    }

    @Test("an identity that was never finished is removed with its volume")
    func unfinishedIdentity() async throws {
        try await withPool { pool, directory in
            try DurableFile.write([1], to: "\(directory)/shop.a.json.new")
            #expect(try await pool.backend.inventory().foreign.count == 1)
            #expect(try await pool.backend.remove(pool.identity("a")) == .changed)
            #expect(try Directory.names(in: directory) == [marker])
        }
    }

    @Test("what is not ours is listed and never touched", arguments: ["notes.txt", "shop.a.img", "shop.a@b.img"])
    func foreign(_ name: String) async throws {
        try await withPool { pool, directory in
            try DurableFile.write(Array("precious".utf8), to: "\(directory)/\(name)")
            let volume = try pool.identity("a")
            #expect(try await pool.backend.inventory().foreign.contains { $0.hasPrefix(name) })
            #expect(try await pool.backend.remove(volume) == .unchanged)
            if name == "shop.a.img" {
                await expect(.conflict) { try await pool.backend.create(volume, capacity: Self.size) }
            }
            let snapshot = SnapshotReference(volume: volume, name: try SnapshotName("b"))
            #expect(try await pool.backend.removeSnapshot(snapshot) == .unchanged)
            #expect(try DurableFile.read("\(directory)/\(name)", limit: 100) == Array("precious".utf8))
        }
    }

    @Test("a growth that a crash cut in two is completed")
    func resumesGrowth() async throws {
        try await withPool { pool, directory in
            let volume = try pool.identity("a")
            _ = try await pool.backend.create(volume, capacity: Self.size)
            let device = try await pool.backend.activate(volume)
            try SparseFile.resize("\(directory)/shop.a.img", to: 64 << 20)
            #expect(try await pool.backend.grow(volume, to: .mebibytes(64)) == .changed)
            #expect(try await pool.backend.grow(volume, to: .mebibytes(64)) == .unchanged)
            let loop = try #require(LoopDevice(path: device.value))
            #expect(try LoopDevices().capacity(of: loop) == 64 << 20)
        }
    }

    @Test("a device that an operator detached is attached again")
    func reattaches() async throws {
        try await withPool { pool, directory in
            let volume = try pool.identity("a")
            _ = try await pool.backend.create(volume, capacity: Self.size)
            let device = try await pool.backend.activate(volume)
            let image = try #require(try FileFacts.of("\(directory)/shop.a.img")).id
            #expect(try LoopDevices().detach(try #require(LoopDevice(path: device.value)), from: image))
            #expect(try await pool.backend.inventory().volumes.first?.device == nil)
            let second = try #require(LoopDevice(path: try await pool.backend.activate(volume).value))
            #expect(try LoopDevices().backing(of: second)?.file == image)
        }
    }

    @Test("a file larger than the filesystem can hold is out of capacity, and nothing is left")
    func tooLarge() async throws {
        try await withPool { pool, directory in
            let generous = try LoopBackend.open(directory, overcommit: 1000)
            await expect(.outOfCapacity) {
                try await generous.create(pool.identity("a"), capacity: .gibibytes(17 << 10))
            }
            #expect(try Directory.names(in: directory) == [marker])
        }
    }

    @Test("a copy that runs into a full disk is out of capacity, and nothing is left")
    func fullDisk() async throws {
        try await withPool { outer, _ in
            let disk = try outer.identity("disk")
            try await outer.provision(disk, .mebibytes(64), .ext4)
            let directory = "\(outer.path(of: disk))/images"
            let pool = try LoopBackend.open(directory, overcommit: 1000)
            let volume = try outer.identity("a")
            _ = try await pool.create(volume, capacity: .mebibytes(40))
            try Data(repeating: 7, count: 35 << 20).write(to: URL(filePath: "\(directory)/shop.a.img"))
            await expect(.outOfCapacity) {
                try await pool.copy(.volume(volume), to: outer.identity("b"), capacity: .mebibytes(40), .undisturbed)
            }
            #expect(Set(try Directory.names(in: directory) ?? []) == ["shop.a.img", "shop.a.json", marker])
        }
    }

    @Test("a pool on XFS shares extents: a snapshot takes no room, and what its volume may have to rewrite is kept")
    func reflinks() async throws {
        try await withPool(.loopOnXFS) { pool, directory in
            let volume = try pool.identity("a")
            try await pool.provision(volume, .mebibytes(256), .ext4)
            try pool.write(String(repeating: "x", count: 100 << 20), to: "file", on: volume)
            _ = try await pool.filesystem.freeze(pool.path(of: volume))
            let before = try FilesystemControl.space(of: directory).available
            let promised = try await pool.backend.usage().available
            _ = try await pool.backend.createSnapshot(
                SnapshotReference(volume: volume, name: try SnapshotName("monday")), .undisturbed)
            _ = try await pool.filesystem.thaw(pool.path(of: volume))
            #expect(before - (try FilesystemControl.space(of: directory).available) < 4 << 20)
            #expect(promised - (try await pool.backend.usage().available) >= .mebibytes(100))

            // The device still has the block size its filesystem was made for.
            _ = try await pool.filesystem.unmount(pool.path(of: volume))
            _ = try await pool.backend.deactivate(volume)
            let device = try await pool.backend.activate(volume)
            #expect(try await pool.filesystem.mount(device, as: .ext4, at: pool.path(of: volume)) == .changed)
        }
    }
}
