import FoundationEssentials
import GRDB
import StorageCore
import TestSupport
import Testing

@testable import Catalog

@Suite("Catalog", .tags(.unit))
struct CatalogTests {
    private let directory: TemporaryDirectory
    private let catalog: Catalog

    init() throws {
        directory = try TemporaryDirectory()
        catalog = try Catalog(path: "\(directory.path)/catalog.sqlite")
    }

    private func create(_ name: String, path: String? = nil) async throws -> (Volume, Operation) {
        let spec = try Sample.spec(name, clients: ["10.0.0.1", "fd00::/64=ro"])
        let path = path ?? "/nfs/\(spec.key.namespace)\(spec.key.name)"
        let id = VolumeID()
        let operation = Operation(
            volume: VolumeIdentity(id: id, key: spec.key), plan: .create, step: "allocate", startedAt: Sample.moment)
        let draft = VolumeDraft(id: id, spec: spec, path: MountPath(path), createdAt: Sample.moment)
        return (try await catalog.begin(operation, creating: draft), operation)
    }

    @Test("what was written is read back the same, by a second opening too")
    func roundTrip() async throws {
        var (volume, operation) = try await create("shop/data")
        volume.phase = .ready
        volume.condition = .abnormal("it is odd")
        operation.state = .failed
        operation.failure = .init(
            StorageError(.busy, "held", resource: "volumes/shop/data", cause: CancellationError()))
        operation.endedAt = Sample.moment
        try await catalog.record(operation, [.putVolume(volume)])
        try catalog.close()

        let again = try Catalog(path: "\(directory.path)/catalog.sqlite")
        #expect(try await again.volume(volume.key) == volume)
        #expect(try await again.operation(operation.id) == operation)
    }

    @Test("a volume whose storage is there is written ready, with its snapshots and an export id of its own")
    func restored() async throws {
        let (other, _) = try await create("shop/other")
        let spec = try Sample.spec("shop/data", clients: ["10.0.0.1"])
        let draft = VolumeDraft(
            id: VolumeID(), spec: spec, path: MountPath("/nfs/shopdata"), createdAt: Sample.moment, fsid: .number(17))
        let identity = VolumeIdentity(id: draft.id, key: spec.key)
        let snapshot = Snapshot(
            key: try Sample.snapshot("shop/data@monday"), origin: identity, pool: spec.pool,
            filesystem: spec.filesystem,
            capacity: spec.capacity, createdAt: Sample.moment, isReady: true)
        let volume = try await catalog.restore(draft, snapshots: [snapshot])
        #expect(volume.phase == .ready && volume.identity == identity && volume.clients == spec.clients)
        #expect(volume.exportID != other.exportID)
        #expect(volume.export.fsid == .number(17) && other.export.fsid == .uuid(other.id))
        #expect(try await catalog.volume(spec.key) == volume)
        #expect(try await catalog.snapshots(of: spec.key) == [snapshot])
        #expect(try await catalog.settings(createdWith: spec.key) == VolumeSettings(of: volume))
        await #expect(throws: StorageError.self) { try await catalog.restore(draft) }
        #expect(try await catalog.volumes().count == 2)
    }

    @Test("how far an operation is can be read at once by others and waits for no disk, its end does")
    func steps() async throws {
        var (volume, operation) = try await create("shop/data")
        operation.cursor = 2
        operation.step = "mount"
        try await catalog.record(operation)
        let next = try Catalog(path: "\(directory.path)/catalog.sqlite")
        #expect(try await next.unfinishedOperations() == [operation])
        #expect(try level() == 1)
        // A transaction that fails in such a moment changes nothing either.
        await #expect(throws: StorageError.self) {
            try await catalog.write(outlivesPower: false) { database in
                try database.execute(sql: "DELETE FROM operation")
                throw StorageError(.internal, "a fault")
            }
        }
        #expect(try await next.unfinishedOperations() == [operation])
        volume.phase = .ready
        operation.state = .succeeded
        try await catalog.record(operation, [.putVolume(volume)])
        #expect(try await next.unfinishedOperations().isEmpty)
        #expect(try level() == 2)
    }

    /// https://www.sqlite.org/pragma.html#pragma_synchronous: 1 is NORMAL, 2 is FULL.
    private func level() throws -> Int? {
        try catalog.database.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
    }

    @Test("two volumes that would share a path are a conflict that names the other")
    func pathCollision() async throws {
        _ = try await create("ab/c")
        let error = await #expect(throws: StorageError.self) { _ = try await create("a/bc") }
        #expect(error?.code == .conflict)
        #expect(error?.message.contains("ab/c") == true)
        #expect(try await catalog.unfinishedOperations().count == 1, "the refused one left no operation")
    }

    @Test("an export id is not given again right after its volume went")
    func exportIDs() async throws {
        let (first, operation) = try await create("a/one")
        try await catalog.record(operation, [.removeVolume(first.key)])
        let (second, _) = try await create("a/two")
        #expect(first.exportID != second.exportID)
    }

    @Test("pages go through all volumes once, in order, whatever the page size", arguments: [1, 2, 3, 100])
    func pages(_ limit: Int) async throws {
        let names = ["b/a", "a/z", "a/b", "a-b/c", "c/c"]
        for name in names { _ = try await create(name, path: "/nfs/\(name.replacing("/", with: "_"))") }
        var seen: [String] = []
        var after: VolumeKey?
        repeat {
            let page = try await catalog.volumes(after: after, limit: limit)
            seen += page.map(\.key.description)
            after = page.last?.key
        } while after != nil
        #expect(seen == ["a/b", "a/z", "a-b/c", "b/a", "c/c"])
        #expect(try await catalog.volumes(in: Namespace("a")).map(\.key.name.value) == ["b", "z"])
    }

    @Test("only unfinished operations are found for recovery, oldest first")
    func unfinished() async throws {
        var (_, first) = try await create("a/one")
        let (_, second) = try await create("a/two")
        #expect(try await catalog.unfinishedOperations().map(\.id) == [first.id, second.id])
        first.state = .undoing
        first.cursor = 3
        try await catalog.record(first)
        #expect(try await catalog.unfinishedOperations().first == first)
        first.state = .succeeded
        first.endedAt = Sample.moment
        try await catalog.record(first)
        #expect(try await catalog.unfinishedOperations().map(\.id) == [second.id])
    }

    @Test("a volume with snapshots cannot vanish from under them")
    func snapshotsHold() async throws {
        let (volume, operation) = try await create("a/one")
        let snapshot = Snapshot(
            key: try Sample.snapshot("a/one@s"), of: volume, createdAt: Sample.moment, isReady: true)
        try await catalog.record(operation, [.putSnapshot(snapshot)])
        await #expect(throws: StorageError.self) { try await catalog.record(operation, [.removeVolume(volume.key)]) }
        #expect(try await catalog.snapshots(of: volume.key) == [snapshot])
        try await catalog.record(operation, [.removeSnapshot(snapshot.key), .removeVolume(volume.key)])
        #expect(try await catalog.volume(volume.key) == nil)
    }

    @Test("a file that is not a catalog is refused, and left as it is")
    func notACatalog() throws {
        let path = "\(directory.path)/other"
        let text = String(repeating: "not a database, but somebody's notes\n", count: 100)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        #expect(throws: StorageError.self) { try Catalog(path: path) }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }

    @Test("what a volume was made with is kept through its changes, and is gone with it")
    func createdWith() async throws {
        var (volume, operation) = try await create("shop/data")
        let made = VolumeSettings(of: volume)
        volume.capacity = .gibibytes(1)
        volume.clients = []
        try await catalog.record(operation, [.putVolume(volume)])
        #expect(try await catalog.settings(createdWith: volume.key) == made)
        operation.state = .succeeded
        try await catalog.record(operation, [.removeVolume(volume.key)])
        #expect(try await catalog.settings(createdWith: volume.key) == nil)
    }

    @Test("a volume of the first schema was made with what it has at the migration")
    func migratesFromFirst() async throws {
        let (volume, _) = try await create("shop/data")
        try await catalog.write { database in
            try database.execute(sql: "ALTER TABLE volume DROP COLUMN createdWith")
            try database.execute(sql: "DELETE FROM grdb_migrations WHERE identifier LIKE '2:%'")
        }
        try catalog.close()
        let again = try Catalog(path: "\(directory.path)/catalog.sqlite")
        #expect(try await again.volume(volume.key) == volume)
        #expect(try await again.settings(createdWith: volume.key) == VolumeSettings(of: volume))
    }
}
