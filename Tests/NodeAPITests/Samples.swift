import FoundationEssentials
import StorageCore
import Testing

@testable import NodeAPI

/// One volume and what hangs on it, the same in every test.
enum Samples {
    static func volume(
        namespace: String = "shop", name: String = "data", capacity: ByteCount = .gibibytes(10),
        path: String = "/nfs/shopdata", source: VolumeSource? = nil
    ) throws -> Volume {
        let id = try #require(VolumeID("6f1b2c3d-0000-4000-8000-00000000000a"))
        let key = try VolumeKey(namespace, name)
        let spec = try VolumeSpec(
            key: key, capacity: capacity, pool: PoolName("default"), filesystem: .xfs,
            clients: [ClientRule(address: ClientAddress("127.0.0.1"), access: .readWrite)], source: source)
        return Volume(
            identity: VolumeIdentity(id: id, key: key), exportID: try #require(ExportID(1)), spec: spec,
            path: MountPath(path), phase: .ready, createdAt: Date(timeIntervalSince1970: 1_700_000_000))
    }

    static let service = NFSService(server: "192.0.2.10", mountOptions: ["nfsvers=3", "proto=tcp", "hard"])
}
