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
        var volume = Volume(
            creating: spec, id: id, exportID: try #require(ExportID(1)), path: MountPath(path),
            createdAt: Date(timeIntervalSince1970: 1_700_000_000))
        volume.phase = .ready
        return volume
    }

    static let diagnosis = DiagnosisDocument(
        checked: ["pools"], omitted: [.init(check: "firewall", reason: "nft is not installed")], notes: ["it is small"],
        findings: [
            .init(
                .poolFull, "pools/default", "the pool is full", evidence: "0 of 4Gi are left",
                remedy: "convert2nfs volume delete")
        ])

    static func rebuild() throws -> RebuildDocument {
        let volume = try volume()
        return RebuildDocument(
            dryRun: false,
            restored: [
                .init(
                    key: volume.key, id: volume.id, pool: volume.pool, filesystem: volume.filesystem,
                    capacity: volume.capacity, snapshots: [try SnapshotName("monday")])
            ], left: [.init(resource: "volumes/shop/half", pool: volume.pool, reason: "it is half made")])
    }

    static func adoption(changes: [String]) throws -> AdoptionDocument {
        let volume = try volume()
        return AdoptionDocument(
            dryRun: false, changed: true, key: volume.key, id: volume.id, pool: volume.pool,
            filesystem: volume.filesystem, capacity: volume.capacity, path: volume.path, storage: "vg-paas/data",
            fsid: .number(17), squash: .none, clients: volume.clients, changes: changes,
            retired: changes.isEmpty ? [] : [.init(file: "/etc/exports", text: "/nfs/shopdata *(rw)")])
    }

    static let service = NFSService(server: "192.0.2.10", mountOptions: ["nfsvers=3", "proto=tcp", "hard"])
}

typealias Call = @Sendable (NodeClient) async throws -> Void

/// What a call against the server at `address` fails with; nil, and a recorded issue, if it does not.
func failureOf(_ call: @escaping Call, at address: ServerAddress, timeout: Duration = .seconds(30)) async
    -> StorageError?
{
    do {
        try await NodeClient.with(address, timeout: timeout) { (client) async throws(StorageError) in
            do {
                try await call(client)
            } catch {
                throw StorageError.wrap(error)
            }
        }
    } catch {
        return error
    }
    Issue.record("the call did not fail")
    return nil
}
