import Catalog
import StorageCore

extension VolumeManager {
    /// Ensures a snapshot of the volume, frozen while it is taken. One that exists is `.unchanged`: it keeps the
    /// content it has.
    package func createSnapshot(_ key: SnapshotKey) async throws(StorageError) -> Work<Snapshot> {
        try await submit([key.volume]) { () async throws(StorageError) -> Decision<Snapshot> in
            let volume = try await volume(key.volume)
            try requireServed(volume)
            guard !SnapshotReference(volume: volume.identity, name: key.name).isOwn else {
                throw StorageError(
                    .invalidArgument, "names that begin with convert2nfs- are the service's own; choose another",
                    resource: key.resource)
            }
            if let existing = try await catalog.snapshot(key) {
                guard existing.isReady else {
                    throw StorageError(
                        .conflict, "the snapshot \(key) is left from one that failed; delete it, then take it again",
                        resource: key.resource)
                }
                return .unchanged(existing)
            }
            _ = try pools.holding(volume)
            let snapshot = Snapshot(key: key, of: volume, createdAt: now(), isReady: false)
            let operation = Operation(
                volume: volume.identity, plan: .createSnapshot(key.name), step: Step.takeSnapshot.rawValue,
                startedAt: now()
            )
            try await catalog.begin(operation, [.putSnapshot(snapshot)])
            return .run(operation, volume)
        } result: { manager async throws(StorageError) in
            try await manager.snapshot(key)
        }
    }

    /// Ensures the snapshot is gone. Volumes made from it stay: they have their own data. Absent already, or its
    /// volume, is `.unchanged`.
    package func deleteSnapshot(_ key: SnapshotKey) async throws(StorageError) -> Work<Void> {
        try await remove(key) { _ in true }
    }

    /// Ensures that nothing is left of a snapshot whose undoing failed. One that is whole stays.
    func removeLeftover(_ key: SnapshotKey) async throws(StorageError) -> Work<Void> {
        try await remove(key) { !$0.isReady }
    }

    private func remove(
        _ key: SnapshotKey, if isMeant: (Snapshot) -> Bool
    ) async throws(StorageError) -> Work<Void> {
        try await submit([key.volume]) { () async throws(StorageError) -> Decision<Void> in
            guard let volume = try await catalog.volume(key.volume), let snapshot = try await catalog.snapshot(key),
                isMeant(snapshot)
            else { return .unchanged(()) }
            _ = try pools.holding(volume)
            let operation = Operation(
                volume: volume.identity, plan: .deleteSnapshot(key.name), step: Step.removeSnapshots.rawValue,
                startedAt: now())
            try await catalog.begin(operation)
            return .run(operation, volume)
        } result: { _ in
        }
    }
}
