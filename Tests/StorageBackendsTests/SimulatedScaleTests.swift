import StorageBackends
import StorageCore
import TestSupport
import Testing

@Suite("A simulated host", .tags(.unit))
struct SimulatedScaleTests {
    @Test("ten thousand volumes are made, mounted, listed and removed")
    func scale() async throws {
        let host = SimulatedHost()
        let pool = SimulatedBackend(host: host, total: .gibibytes(20_000))
        let filesystem = SimulatedFilesystem(host: host)
        let volumes = try (0..<10_000).map { VolumeIdentity(id: VolumeID(), key: try VolumeKey("scale", "v\($0)")) }
        for volume in volumes {
            _ = try await pool.create(volume, capacity: .gibibytes(1))
            let device = try await pool.activate(volume)
            _ = try await filesystem.format(device, as: .xfs, id: volume.id)
            _ = try await filesystem.mount(device, as: .xfs, at: MountPath("/nfs/scale\(volume.key.name)"))
        }
        #expect(try await pool.inventory().volumes.count == 10_000)
        #expect(try await filesystem.mounts(under: ["/nfs"]).count == 10_000)
        #expect(try await pool.usage().available == .gibibytes(10_000))
        for volume in volumes {
            _ = try await filesystem.unmount(MountPath("/nfs/scale\(volume.key.name)"))
            _ = try await pool.remove(volume)
        }
        #expect(try await pool.inventory().isEmpty)
        #expect(try await pool.usage().available == .gibibytes(20_000))
    }

    @Test("a copy that was not renewed is not mounted beside its origin")
    func refusesTwins() async throws {
        try await StorageFixture.with(.simulated) { pool in
            let volume = try pool.identity("a")
            let copy = try pool.identity("b")
            try await pool.provision(volume, .gibibytes(1), .xfs)
            _ = try await pool.backend.copy(.volume(volume), to: copy, capacity: .gibibytes(1), .undisturbed)
            let device = try await pool.backend.activate(copy)
            await expect(.internal) { try await pool.filesystem.mount(device, as: .xfs, at: pool.path(of: copy)) }
        }
    }
}
