import StorageCore
import Synchronization
import Testing

extension StorageBackendConformance {
    private static let size = ByteCount.mebibytes(32)

    /// A snapshot shows the volume as it was, and a copy of it is a volume of its own.
    package static func snapshotsHoldTheMoment(_ pool: StorageFixture) async throws {
        let volume = try pool.identity("a")
        let snapshot = SnapshotReference(volume: volume, name: try SnapshotName("monday"))
        try await pool.provision(volume, size, .ext4)
        try pool.write("before", to: "file", on: volume)
        #expect(try await pool.backend.createSnapshot(snapshot, pool.context(of: volume)) == .changed)
        try pool.write("after", to: "file", on: volume)
        #expect(try await pool.backend.createSnapshot(snapshot, pool.context(of: volume)) == .unchanged)
        #expect(try await pool.backend.inventory().snapshots.map(\.reference) == [snapshot])

        let copy = try pool.identity("b")
        try await restore(.snapshot(snapshot), to: copy, .mebibytes(48), pool)
        #expect(try pool.holds("before", in: "file", on: copy))
        try pool.write("copy", to: "file", on: copy)
        #expect(try pool.holds("after", in: "file", on: volume))

        let equal = try pool.identity("c")
        #expect(try await pool.backend.copy(.snapshot(snapshot), to: equal, capacity: size, .undisturbed) == .changed)
    }

    package static func copiesAreEqual(_ pool: StorageFixture) async throws {
        let volume = try pool.identity("a")
        let copy = try pool.identity("b")
        try await pool.provision(volume, size, .ext4)
        let text = String(repeating: "of some length ", count: 100_000)
        try pool.write(text, to: "file", on: volume)
        #expect(
            try await pool.backend.copy(.volume(volume), to: copy, capacity: size, pool.context(of: volume)) == .changed
        )
        #expect(
            try await pool.backend.copy(.volume(volume), to: copy, capacity: size, pool.context(of: volume))
                == .unchanged)
        try await restore(.volume(volume), to: copy, size, pool)
        #expect(try pool.holds(text, in: "file", on: copy))
    }

    package static func fullCopiesTellTheirProgress(_ pool: StorageFixture) async throws {
        let volume = try pool.identity("a")
        try await pool.provision(volume, size, .ext4)
        try pool.write(String(repeating: "of some length ", count: 100_000), to: "file", on: volume)
        let told = Told()
        let context = pool.context(of: volume) { told.add($0) }
        let outcome = try await pool.backend.copy(.volume(volume), to: pool.identity("b"), capacity: size, context)
        #expect(outcome == .changed)
        let shares = told.all.map(\.share)
        #expect(shares == shares.sorted())
        #expect(Set(told.all.map(\.total)).count <= 1, "the total stays")
        #expect(shares.last == (pool.kind.sharesCopies ? nil : 1))
    }

    private final class Told: Sendable {
        private let progress = Mutex<[CopyProgress]>([])
        var all: [CopyProgress] { progress.withLock { $0 } }
        func add(_ new: CopyProgress) { progress.withLock { $0.append(new) } }
    }

    private static func restore(
        _ source: CopySource, to copy: VolumeIdentity, _ capacity: ByteCount, _ pool: StorageFixture
    ) async throws {
        _ = try await pool.backend.copy(source, to: copy, capacity: capacity, .undisturbed)
        let device = try await pool.backend.activate(copy)
        #expect(try await pool.filesystem.renew(device, as: .ext4, id: copy.id) == .changed)
        #expect(try await pool.filesystem.renew(device, as: .ext4, id: copy.id) == .unchanged)
        #expect(try await pool.filesystem.mount(device, as: .ext4, at: pool.path(of: copy)) == .changed)
        if !pool.kind.isReal || FilesystemKind.ext4.isGrowable {
            _ = try await pool.filesystem.grow(pool.path(of: copy), as: .ext4)
        }
    }

    package static func copiesNeedTheirSource(_ pool: StorageFixture) async throws {
        let volume = try pool.identity("a")
        let copy = try pool.identity("b")
        let snapshot = SnapshotReference(volume: volume, name: try SnapshotName("monday"))
        await expect(.notFound) { try await pool.backend.copy(.volume(volume), to: copy, capacity: size, .undisturbed) }
        await expect(.notFound) {
            try await pool.backend.copy(.snapshot(snapshot), to: copy, capacity: size, .undisturbed)
        }
        await expect(.notFound) { try await pool.backend.createSnapshot(snapshot, .undisturbed) }
        _ = try await pool.backend.create(volume, capacity: size)
        await expect(.invalidArgument) {
            try await pool.backend.copy(.volume(volume), to: copy, capacity: .mebibytes(16), .undisturbed)
        }
        let available = try await pool.backend.usage().available
        await expect(.outOfCapacity) {
            try await pool.backend.copy(.volume(volume), to: copy, capacity: available + available, .undisturbed)
        }
        #expect(try await pool.backend.inventory().volumes.map(\.identity) == [volume])
    }

    package static func snapshotsOutliveTheirVolume(_ pool: StorageFixture) async throws {
        let volume = try pool.identity("a")
        let snapshot = SnapshotReference(volume: volume, name: try SnapshotName("monday"))
        _ = try await pool.backend.create(volume, capacity: size)
        #expect(try await pool.backend.removeSnapshot(snapshot) == .unchanged)
        _ = try await pool.backend.createSnapshot(snapshot, .undisturbed)
        guard pool.kind.snapshotsOutliveTheirVolume else {
            await expect(.conflict) { try await pool.backend.remove(volume) }
            #expect(try await pool.backend.inventory().snapshots.map(\.reference) == [snapshot])
            return
        }
        _ = try await pool.backend.remove(volume)
        let left = try await pool.backend.inventory()
        #expect(left.volumes.isEmpty && left.snapshots.map(\.reference) == [snapshot] && left.foreign.isEmpty)

        let namesake = VolumeIdentity(id: VolumeID(), key: volume.key)
        let other = SnapshotReference(volume: namesake, name: snapshot.name)
        _ = try await pool.backend.create(namesake, capacity: size)
        await expect(.conflict) { try await pool.backend.createSnapshot(other, .undisturbed) }
        #expect(try await pool.backend.removeSnapshot(other) == .unchanged)
        let copy = try pool.identity("b")
        #expect(try await pool.backend.copy(.snapshot(snapshot), to: copy, capacity: size, .undisturbed) == .changed)
        #expect(try await pool.backend.removeSnapshot(snapshot) == .changed)
        #expect(try await pool.backend.removeSnapshot(snapshot) == .unchanged)
        #expect(try await pool.backend.inventory().snapshots == [])
    }
}
