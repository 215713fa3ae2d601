import Catalog
import StorageCore

/// Volumes that another node of a pair has, on the one that copies what is in them.
extension VolumeManager {
    /// Ensures the volume with the identity, the path and the creation time that it has on the other node, empty if it is not there yet, and of its size, with its
    /// squash and clients; answers it. Throws `conflict` if a volume with another identity has its name or path, `busy` while work on it goes on.
    package func replicate(_ wanted: Volume) async throws(StorageError) -> Volume {
        let made = try await submit([wanted.key]) { () async throws(StorageError) -> Decision<Volume> in
            if let existing = try await catalog.volume(wanted.key) {
                guard existing.id == wanted.id else {
                    throw StorageError(
                        .conflict, "another volume \(wanted.key) is here, with the id \(existing.id)",
                        resource: wanted.key.resource)
                }
                return .unchanged(existing)
            }
            let spec = try VolumeSpec(
                key: wanted.key, capacity: wanted.capacity, pool: wanted.pool, filesystem: wanted.filesystem,
                squash: wanted.squash, clients: wanted.clients)
            _ = try pools[spec.pool]
            let draft = VolumeDraft(
                id: wanted.id, spec: spec, path: wanted.path, createdAt: wanted.createdAt,
                fsid: wanted.fsid == .uuid(wanted.id) ? nil : wanted.fsid)
            let operation = Operation(
                volume: wanted.identity, plan: .create, step: Step.allocate.rawValue, startedAt: now())
            return .run(operation, try await catalog.begin(operation, creating: draft))
        } result: { manager async throws(StorageError) in
            try await manager.volume(wanted.key)
        }
        try await done(made, wanted)
        // It does not shrink where it has grown before the other node took over.
        let capacity = max(wanted.capacity, try await volume(wanted.key).capacity)
        let change = VolumeChange(capacity: capacity, squash: wanted.squash, clients: wanted.clients)
        try await done(try await update(wanted.key, change), wanted)
        return try await volume(wanted.key)
    }

    /// Ensures that nothing is left of a replica, nor of its snapshots.
    package func removeReplica(_ volume: Volume) async throws(StorageError) {
        guard try await catalog.volume(volume.key)?.id == volume.id else { return }
        try await done(try await delete(volume.key, withSnapshots: true, force: true), volume)
    }

    /// Takes a snapshot of the volume anew, and answers its device, to be read only; nil where the pool cannot do so at little cost. The
    /// last one must not be mounted any more. It is in no list, and is gone with `releaseReplica`, or the volume.
    package func freezeReplica(of volume: Volume) async throws(StorageError) -> DevicePath? {
        guard let reader = try pools.holding(volume).reader else { return nil }
        try await acquire([volume.key])
        defer { lock.release([volume.key]) }
        let backend = try pools.holding(volume).backend
        let snapshot = try SnapshotReference.replica(of: volume)
        _ = try await backend.removeSnapshot(snapshot)
        // Of what is mounted device-mapper itself takes care.
        _ = try await backend.createSnapshot(snapshot, .undisturbed)
        return try await reader.activate(snapshot)
    }

    /// Ensures that there is no such snapshot. `busy` while it is mounted.
    package func releaseReplica(of volume: Volume) async throws(StorageError) {
        let pool = try pools.holding(volume)
        guard pool.reader != nil else { return }
        _ = try await pool.backend.removeSnapshot(try .replica(of: volume))
    }

    /// How long a step may take that others wait for.
    private static let replicaPatience = Duration.seconds(120)

    /// Waits for what takes longer than a caller of the API would.
    private func done<Value>(_ work: Work<Value>, _ volume: Volume) async throws(StorageError) {
        guard case .running(let operation) = work else { return }
        let end = ContinuousClock.now + Self.replicaPatience
        while let found = try await catalog.operation(operation.id), found.endedAt == nil {
            guard ContinuousClock.now < end, (try? await clock.sleep(for: .milliseconds(200))) != nil else {
                throw StorageError(
                    .busy, "\(operation.plan.kind) of \(volume.key) goes on", resource: volume.key.resource)
            }
        }
        if let failure = try await catalog.operation(operation.id)?.failure { throw failure.error }
    }

    /// Throws `unavailable` unless the volume's own filesystem is mounted at its path.
    package func requireMounted(_ volume: Volume) async throws(StorageError) {
        try await executor.performer.requireOwnMount(volume)
    }

    /// All volumes that are served.
    package func servedVolumes() async throws(StorageError) -> [Volume] {
        try await catalog.volumes().filter(\.phase.isServed)
    }
}

extension SnapshotReference {
    /// Names that no caller may give.
    private static let reserved = "convert2nfs-"

    /// Of the snapshot that is taken for the other node to copy from.
    static func replica(of volume: Volume) throws(StorageError) -> SnapshotReference {
        SnapshotReference(volume: volume.identity, name: try SnapshotName("\(reserved)replica"))
    }

    /// Whether it is one of the service's own, which is in no catalog.
    var isOwn: Bool { name.value.hasPrefix(Self.reserved) }
}

extension PoolInventory {
    /// Without the service's own.
    var lastingSnapshots: [SnapshotEntry] { snapshots.filter { !$0.reference.isOwn } }
}
