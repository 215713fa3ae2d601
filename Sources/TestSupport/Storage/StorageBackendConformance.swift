import StorageCore
import Testing

/// What `StorageBackend` promises, sentence by sentence; every implementation is held to it.
package enum StorageBackendConformance {
    private static let size = ByteCount.mebibytes(32)

    package static func createIsIdempotent(_ pool: StorageFixture) async throws {
        let volume = try pool.identity("a")
        #expect(try await pool.backend.create(volume, capacity: size) == .changed)
        #expect(try await pool.backend.create(volume, capacity: size) == .unchanged)
        let inventory = try await pool.backend.inventory()
        #expect(inventory.volumes.map(\.identity) == [volume] && inventory.volumes.map(\.capacity) == [size])
        #expect(inventory.snapshots.isEmpty && inventory.foreign.isEmpty)
    }

    package static func createRefusesANamesake(_ pool: StorageFixture) async throws {
        let volume = try pool.identity("a")
        _ = try await pool.backend.create(volume, capacity: size)
        let namesake = VolumeIdentity(id: VolumeID(), key: volume.key)
        await expect(.conflict) { try await pool.backend.create(namesake, capacity: size) }
        await expect(.conflict) { try await pool.backend.create(volume, capacity: .mebibytes(64)) }
        #expect(try await pool.backend.remove(namesake) == .unchanged)
        #expect(try await pool.backend.deactivate(namesake) == .unchanged)
        await expect(.notFound) { try await pool.backend.activate(namesake) }
        #expect(try await pool.backend.inventory().volumes.map(\.identity) == [volume])
    }

    /// Asks for twice of what there is, because others use the host's filesystem too.
    package static func createKeepsToTheCapacity(_ pool: StorageFixture) async throws {
        let available = try await pool.backend.usage().available
        let volume = try pool.identity("a")
        await expect(.outOfCapacity) { try await pool.backend.create(volume, capacity: available + available) }
        #expect(try await pool.backend.inventory().isEmpty)
        #expect(try await pool.backend.create(volume, capacity: size) == .changed)
    }

    package static func promisesAreKeptApart(_ pool: StorageFixture) async throws {
        let portion = ByteCount(try await pool.backend.usage().available.bytes / 5 * 2)
        let volumes = try ["a", "b", "c", "d", "e", "f"].map { try pool.identity($0) }
        let codes = await withTaskGroup(of: StorageError.Code?.self) { group in
            for volume in volumes {
                group.addTask {
                    do throws(StorageError) {
                        _ = try await pool.backend.create(volume, capacity: portion)
                        return nil
                    } catch {
                        return error.code
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes.count { $0 == nil } == 2)
        #expect(codes.count { $0 == .outOfCapacity } == 4)
        #expect(try await pool.backend.inventory().volumes.count == 2)
    }

    package static func usageFollowsPromises(_ pool: StorageFixture) async throws {
        let before = try await pool.backend.usage()
        let volume = try pool.identity("a")
        let large = ByteCount(before.available.bytes / 2)
        _ = try await pool.backend.create(volume, capacity: large)
        let during = try await pool.backend.usage()
        #expect(during.available <= before.available - ByteCount(large.bytes / 10 * 9))
        #expect(during.total == before.total)
        _ = try await pool.backend.remove(volume)
        #expect(try await pool.backend.usage().available > during.available)
    }

    package static func activationIsIdempotent(_ pool: StorageFixture) async throws {
        let volume = try pool.identity("a")
        await expect(.notFound) { try await pool.backend.activate(volume) }
        #expect(try await pool.backend.deactivate(volume) == .unchanged)
        _ = try await pool.backend.create(volume, capacity: size)
        let device = try await pool.backend.activate(volume)
        #expect(try await pool.backend.activate(volume) == device)
        #expect(try await pool.backend.inventory().volumes.first?.device == device)
        #expect(try await pool.backend.active().devices == [volume.id: device])
        #expect(try await pool.backend.deactivate(volume) == .changed)
        #expect(try await pool.backend.deactivate(volume) == .unchanged)
        #expect(try await pool.backend.inventory().volumes.first?.device == nil)
        #expect(try await pool.backend.active().devices == [:])
    }

    package static func activatesMany(_ pool: StorageFixture) async throws {
        let (first, second, absent) = (try pool.identity("a"), try pool.identity("b"), try pool.identity("c"))
        for volume in [first, second] {
            _ = try await pool.backend.create(volume, capacity: size)
            _ = try await pool.backend.deactivate(volume)
        }
        let answers = await pool.backend.activate([first, absent, second])
        let devices = [try #require(try answers[first.id]?.get()), try #require(try answers[second.id]?.get())]
        #expect(Set(devices).count == 2)
        await expect(.notFound) { () async throws in try #require(answers[absent.id]).get() }
        #expect(try await pool.backend.inventory().volumes.map(\.device) == devices)
        #expect(try await pool.backend.active().devices == [first.id: devices[0], second.id: devices[1]])
        #expect(await pool.backend.activate([]).isEmpty)
    }

    package static func whatIsMadeIsSeenAtOnce(_ pool: StorageFixture) async throws {
        let before = try await pool.backend.usage()
        let volume = try pool.identity("a")
        _ = try await pool.backend.create(volume, capacity: size)
        let device = try await pool.backend.activate(volume)
        let entry = try #require(try await pool.backend.inventory().volumes.first)
        #expect(entry.identity == volume && entry.device == device && entry.capacity >= size)
        #expect(try await pool.backend.usage().available < before.available)
        _ = try await pool.backend.remove(volume)
        #expect(try await pool.backend.inventory().volumes.isEmpty)
    }

    package static func mountedIsBusy(_ pool: StorageFixture) async throws {
        let volume = try pool.identity("a")
        let device = try await pool.provision(volume, size, .ext4)
        await expect(.busy) { try await pool.backend.deactivate(volume) }
        await expect(.busy) { try await pool.backend.remove(volume) }
        #expect(try await pool.backend.activate(volume) == device)
        _ = try await pool.filesystem.unmount(pool.path(of: volume))
        #expect(try await pool.backend.remove(volume) == .changed)
    }

    package static func removeIsIdempotent(_ pool: StorageFixture) async throws {
        let volume = try pool.identity("a")
        #expect(try await pool.backend.remove(volume) == .unchanged)
        _ = try await pool.backend.create(volume, capacity: size)
        _ = try await pool.backend.activate(volume)
        #expect(try await pool.backend.remove(volume) == .changed)
        #expect(try await pool.backend.remove(volume) == .unchanged)
        #expect(try await pool.backend.inventory().isEmpty)
    }

    package static func growthIsIdempotent(_ pool: StorageFixture) async throws {
        let volume = try pool.identity("a")
        await expect(.notFound) { try await pool.backend.grow(volume, to: size) }
        _ = try await pool.backend.create(volume, capacity: size)
        #expect(try await pool.backend.grow(volume, to: size) == .unchanged)
        #expect(try await pool.backend.grow(volume, to: .mebibytes(48)) == .changed)
        #expect(try await pool.backend.grow(volume, to: .mebibytes(48)) == .unchanged)
        #expect(try await pool.backend.grow(volume, to: size) == .unchanged)
        let available = try await pool.backend.usage().available
        await expect(.outOfCapacity) { try await pool.backend.grow(volume, to: available + available) }
        #expect(try await pool.backend.inventory().volumes.first?.capacity == .mebibytes(48))
    }
}

/// Expects a `StorageError` with this code.
package func expect<Result>(
    _ code: StorageError.Code, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Result
) async {
    do {
        _ = try await body()
        Issue.record("nothing was thrown, where \(code.rawValue) must be", sourceLocation: sourceLocation)
    } catch {
        let actual = (error as? StorageError)?.code
        #expect(actual == code, "\(error)", sourceLocation: sourceLocation)
    }
}
