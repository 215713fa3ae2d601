import FoundationEssentials
import HostTools
import StorageBackends
import StorageCore
import Synchronization
import TestSupport
import Testing

@Suite("Whose directory it is", .tags(.integration), .requiresRoot, .requiresLoopDevices, .requires(.mkfsExt4))
struct LoopMarkerTests {
    private static let size = ByteCount.mebibytes(16)
    private let volume: VolumeIdentity
    private let monday: SnapshotName

    init() throws {
        volume = try VolumeIdentity(id: VolumeID(), key: VolumeKey("shop", "a"))
        monday = try SnapshotName("monday")
    }

    private func marker(_ directory: String) -> String { "\(directory)/convert2nfs-pool.json" }
    private func record(_ directory: String) -> String { "\(directory).state/pools/test.json" }

    private func text(_ path: String) throws -> String {
        String(decoding: try #require(try DurableFile.read(path, limit: 4096)), as: UTF8.self)
    }

    /// Everything that a backend can be asked for.
    private func expectSilence(of pool: LoopBackend, sourceLocation: SourceLocation = #_sourceLocation) async {
        let snapshot = SnapshotReference(volume: volume, name: monday)
        let calls: [(String, () async throws -> Void)] = [
            ("create", { _ = try await pool.create(volume, capacity: Self.size) }),
            ("copy", { _ = try await pool.copy(.snapshot(snapshot), to: volume, capacity: Self.size, .undisturbed) }),
            ("createSnapshot", { _ = try await pool.createSnapshot(snapshot, .undisturbed) }),
            ("grow", { _ = try await pool.grow(volume, to: Self.size) }),
            ("remove", { _ = try await pool.remove(volume) }),
            ("removeSnapshot", { _ = try await pool.removeSnapshot(snapshot) }),
            ("activate", { _ = try await pool.activate(volume) }),
            ("deactivate", { _ = try await pool.deactivate(volume) }),
            ("inventory", { _ = try await pool.inventory() }),
            ("usage", { _ = try await pool.usage() }),
        ]
        for (name, call) in calls {
            let error = await #expect(throws: StorageError.self, "\(name)", sourceLocation: sourceLocation) {
                try await call()
            }
            #expect(
                error?.code == .unavailable, "\(name): \(String(describing: error))", sourceLocation: sourceLocation)
        }
    }

    @Test("the first use marks the directory and remembers the mark, later ones find it, and all of it is told once")
    func firstUse() async throws {
        try await withScratchDirectory { scratch in
            let directory = "\(scratch)/images"
            let notes = Mutex<[String]>([])
            for _ in 0..<2 {
                let pool = try LoopBackend.open(directory) { text in notes.withLock { $0.append(text) } }
                _ = try await pool.create(volume, capacity: Self.size)
                #expect(try await pool.inventory().foreign == [])
            }
            #expect(try text(marker(directory)) == text(record(directory)))
            let told = notes.withLock { $0 }
            #expect(told.count == 1)
            #expect(told.first?.hasPrefix("the directory \(directory) is now the pool test, with the id ") == true)
        }
    }

    @Test(
        "a mark without a record is taken over: a crash came between the two, or the state is a new one",
        arguments: [[], ["shop.a"]])
    func takesOver(_ volumes: [String]) async throws {
        try await withScratchDirectory { scratch in
            let directory = "\(scratch)/images"
            _ = try await LoopBackend.open(directory).inventory()
            let mark = try text(marker(directory))
            // A write that was cut short is no foreign file.
            try DurableFile.write([], to: "\(marker(directory)).new")
            try DurableFile.remove(record(directory))
            let next = try LoopBackend.open(directory, holdsVolumes: !volumes.isEmpty)
            #expect(try await next.inventory().foreign == [])
            #expect(try text(marker(directory)) == mark)
            #expect(try text(record(directory)) == mark)
        }
    }

    enum Wrong: String, CaseIterable, Sendable { case gone, empty, foreign, blank, garbage, long }

    @Test(
        "a directory without the mark that is remembered makes every call unavailable, and stays as it is",
        arguments: Wrong.allCases)
    func wrongDirectory(_ wrong: Wrong) async throws {
        try await withScratchDirectory { scratch in
            let directory = "\(scratch)/images"
            let running = try LoopBackend.open(directory)
            _ = try await running.create(volume, capacity: Self.size)
            try SparseFile.rename(directory, to: "\(scratch)/away")
            if wrong != .gone { try Directory.ensure(directory, mode: 0o755) }
            let other = #"{"id": "00000000-0000-4000-8000-000000000000", "version": 1}"#
            let content: [Wrong: String] = [
                .foreign: other, .blank: "", .garbage: "mine", .long: String(repeating: "x", count: 5000),
            ]
            if let content = content[wrong] { try DurableFile.write(Array(content.utf8), to: marker(directory)) }
            let before = try Directory.names(in: directory)
            for pool in [running, try LoopBackend.open(directory)] {
                await expectSilence(of: pool)
                let error = await #expect(throws: StorageError.self) { _ = try await pool.remove(volume) }
                #expect(
                    error?.message
                        == "the directory \(directory) does not hold the pool test (its disk may not be mounted): mount "
                        + "it; if the disk was replaced on purpose, remove \(record(directory)) and restart")
            }
            #expect(try Directory.names(in: directory) == before)
            if let content = content[wrong], wrong != .long { #expect(try text(marker(directory)) == content) }
        }
    }

    @Test("a disk that is unmounted makes its pool silent, nothing is written below it, and mounted again it answers")
    func realDisk() async throws {
        try await StorageFixture.with(.loop) { outer in
            let disk = try outer.identity("disk")
            let device = try await outer.provision(disk, .mebibytes(64), .ext4)
            let directory = outer.path(of: disk).value
            let running = try LoopBackend.open(directory)
            _ = try await running.create(volume, capacity: Self.size)
            _ = try await outer.filesystem.unmount(device, of: disk.id, from: outer.path(of: disk))
            try Directory.ensure(directory, mode: 0o755)
            let started = try LoopBackend.open(directory, holdsVolumes: true)
            for pool in [running, started] { await expectSilence(of: pool) }
            #expect(try Directory.names(in: directory) == [])
            _ = try await outer.filesystem.mount(device, as: .ext4, at: outer.path(of: disk))
            for pool in [running, started] {
                #expect(try await pool.inventory().volumes.map(\.identity) == [volume])
                #expect(try await pool.create(volume, capacity: Self.size) == .unchanged)
                await expect(.outOfCapacity) { try await pool.grow(volume, to: .mebibytes(64)) }
            }
            #expect(try await running.remove(volume) == .changed)
        }
    }

    @Test("the first start with marks takes no empty directory for a pool that holds volumes, until its disk is there")
    func upgrade() async throws {
        try await withScratchDirectory { scratch in
            let directory = "\(scratch)/images"
            _ = try await LoopBackend.open(directory).create(volume, capacity: Self.size)
            for file in [marker(directory), record(directory)] { try DurableFile.remove(file) }
            try SparseFile.rename(directory, to: "\(scratch)/disk")
            let pool = try LoopBackend.open(directory, holdsVolumes: true)
            await expectSilence(of: pool)
            #expect(try Directory.names(in: directory) == nil)
            try Directory.ensure(directory, mode: 0o755)
            await expectSilence(of: pool)
            #expect(try Directory.names(in: directory) == [])
            #expect(try DurableFile.read(record(directory), limit: 4096) == nil)
            try Directory.remove(directory)
            try SparseFile.rename("\(scratch)/disk", to: directory)
            #expect(try await pool.inventory().volumes.map(\.identity) == [volume])
            #expect(try text(marker(directory)) == text(record(directory)))
        }
    }

    @Test("an operator says with an empty file that an empty directory is the pool from now on")
    func blank() async throws {
        try await withScratchDirectory { scratch in
            let directory = "\(scratch)/images"
            let pool = try LoopBackend.open(directory, holdsVolumes: true)
            await expectSilence(of: pool)
            try Directory.ensure(directory, mode: 0o700)
            try DurableFile.write([], to: marker(directory))
            #expect(try await pool.remove(volume) == .unchanged)
            #expect(try text(marker(directory)) == text(record(directory)))
        }
    }

    @Test("a record or a mark that is something else is left as it is, and the pool is unavailable")
    func unreadable() async throws {
        try await withScratchDirectory { scratch in
            for path in [marker("\(scratch)/one"), record("\(scratch)/two")] {
                try Directory.ensure(String(path[..<(try #require(path.lastIndex(of: "/")))]), mode: 0o755)
                try DurableFile.write(Array("mine".utf8), to: path)
            }
            for directory in ["\(scratch)/one", "\(scratch)/two"] {
                await expectSilence(of: try LoopBackend.open(directory))
            }
            #expect(try text(marker("\(scratch)/one")) == "mine")
            #expect(try text(record("\(scratch)/two")) == "mine")
            #expect(try Directory.names(in: "\(scratch)/two") == nil)
        }
    }
}
