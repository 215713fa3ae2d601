import StorageCore
import Testing

/// What `VolumeFilesystem` promises, sentence by sentence; every implementation is held to it.
package enum VolumeFilesystemConformance {
    private static func device(_ volume: VolumeIdentity, _ kind: FilesystemKind, _ pool: StorageFixture) async throws
        -> DevicePath
    {
        _ = try await pool.backend.create(volume, capacity: kind.minimumCapacity)
        return try await pool.backend.activate(volume)
    }

    package static func formatsOnce(_ pool: StorageFixture, _ kind: FilesystemKind) async throws {
        let volume = try pool.identity("a")
        let device = try await device(volume, kind, pool)
        let other: FilesystemKind = kind == .xfs ? .ext4 : .xfs
        #expect(try await pool.filesystem.identify(device) == nil)
        #expect(try await pool.filesystem.format(device, as: kind, id: volume.id) == .changed)
        #expect(try await pool.filesystem.format(device, as: kind, id: volume.id) == .unchanged)
        await expect(.conflict) { try await pool.filesystem.format(device, as: kind, id: VolumeID()) }
        await expect(.conflict) { try await pool.filesystem.format(device, as: other, id: volume.id) }
        #expect(try await pool.filesystem.mount(device, as: kind, at: pool.path(of: volume)) == .changed)
        #expect(try await pool.filesystem.format(device, as: kind, id: volume.id) == .unchanged)
        #expect(try await pool.filesystem.identify(device) == IdentifiedFilesystem(kind: kind, id: volume.id))
    }

    package static func mountsAndUnmounts(_ pool: StorageFixture, _ kind: FilesystemKind) async throws {
        let volume = try pool.identity("a")
        let path = pool.path(of: volume)
        #expect(try await pool.filesystem.mounted(at: path) == nil)
        #expect(try await pool.filesystem.usage(of: path) == nil)
        #expect(try await pool.filesystem.unmount(path) == .unchanged)
        let device = try await pool.provision(volume, kind.minimumCapacity, kind)
        #expect(try await pool.filesystem.mount(device, as: kind, at: path) == .unchanged)
        #expect(try await pool.filesystem.mounted(at: path) == device)
        #expect(try await pool.filesystem.mounts(under: [pool.root]) == [path: ObservedMount(device: device)])
        #expect(try await pool.filesystem.usage(of: path)?.capacity ?? .zero > .mebibytes(8))

        let other = try pool.identity("b")
        let second = try await self.device(other, kind, pool)
        _ = try await pool.filesystem.format(second, as: kind, id: other.id)
        await expect(.conflict) { try await pool.filesystem.mount(second, as: kind, at: path) }

        #expect(try await pool.filesystem.unmount(path) == .changed)
        #expect(try await pool.filesystem.unmount(path) == .unchanged)
        #expect(try await pool.filesystem.mounts(under: [pool.root]) == [:])
    }

    package static func growsOnline(_ pool: StorageFixture, _ kind: FilesystemKind) async throws {
        let volume = try pool.identity("a")
        let path = pool.path(of: volume)
        await expect(.notFound) { try await pool.filesystem.grow(path, as: kind) }
        try await pool.provision(volume, kind.minimumCapacity, kind)
        try pool.write("kept", to: "file", on: volume)
        let before = try #require(try await pool.filesystem.usage(of: path))
        #expect(try await pool.filesystem.grow(path, as: kind) == .unchanged)
        _ = try await pool.backend.grow(volume, to: kind.minimumCapacity + .mebibytes(64))
        guard !pool.kind.isReal || kind.isGrowable else {
            // The contract where the host does not allow it: said plainly, and nothing is broken.
            await expect(.unavailable) { try await pool.filesystem.grow(path, as: kind) }
            #expect(try pool.holds("kept", in: "file", on: volume))
            return
        }
        #expect(try await pool.filesystem.grow(path, as: kind) == .changed)
        #expect(try await pool.filesystem.grow(path, as: kind) == .unchanged)
        let after = try #require(try await pool.filesystem.usage(of: path))
        #expect(after.capacity - before.capacity > .mebibytes(48))
        #expect(try pool.holds("kept", in: "file", on: volume))
    }

    package static func freezesAndThaws(_ pool: StorageFixture, _ kind: FilesystemKind) async throws {
        let volume = try pool.identity("a")
        let path = pool.path(of: volume)
        #expect(try await pool.filesystem.thaw(path) == .unchanged)
        try await pool.provision(volume, kind.minimumCapacity, kind)
        #expect(try await pool.filesystem.thaw(path) == .unchanged)
        #expect(try await pool.filesystem.freeze(path) == .changed)
        #expect(try await pool.filesystem.freeze(path) == .unchanged)
        #expect(try await pool.filesystem.mounted(at: path) != nil)
        #expect(try await pool.filesystem.usage(of: path) != nil)
        #expect(try await pool.filesystem.thaw(path) == .changed)
        #expect(try await pool.filesystem.thaw(path) == .unchanged)
        try pool.write("writable again", to: "file", on: volume)

        // One that a crash left frozen does not hold its device for ever.
        _ = try await pool.filesystem.freeze(path)
        #expect(try await pool.filesystem.unmount(path) == .changed)
        #expect(try await pool.backend.deactivate(volume) == .changed)
    }

    /// A copy of a mounted and frozen filesystem can be mounted beside its origin once it is renewed.
    package static func renewsCopies(_ pool: StorageFixture, _ kind: FilesystemKind) async throws {
        let volume = try pool.identity("a")
        let copy = try pool.identity("b")
        try await pool.provision(volume, kind.minimumCapacity, kind)
        try pool.write("of the origin", to: "file", on: volume)
        _ = try await pool.backend.copy(
            .volume(volume), to: copy, capacity: kind.minimumCapacity, pool.context(of: volume))
        let device = try await pool.backend.activate(copy)
        #expect(try await pool.filesystem.renew(device, as: kind, id: copy.id) == .changed)
        #expect(try await pool.filesystem.renew(device, as: kind, id: copy.id) == .unchanged)
        #expect(try await pool.filesystem.mount(device, as: kind, at: pool.path(of: copy)) == .changed)
        #expect(try pool.holds("of the origin", in: "file", on: copy))
        #expect(try await pool.filesystem.mounts(under: [pool.root]).count == 2)

        let blank = try pool.identity("c")
        let empty = try await self.device(blank, kind, pool)
        await expect(.conflict) { try await pool.filesystem.renew(empty, as: kind, id: blank.id) }
    }
}
