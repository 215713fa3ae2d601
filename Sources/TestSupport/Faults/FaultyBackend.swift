import StorageCore

/// A backend whose changing calls go through a `FaultPlan`.
package struct FaultyBackend: StorageBackend {
    private let base: any StorageBackend
    private let plan: FaultPlan

    package init(_ base: any StorageBackend, _ plan: FaultPlan) {
        self.base = base
        self.plan = plan
    }

    package func create(_ volume: VolumeIdentity, capacity: ByteCount) async throws(StorageError) -> Outcome {
        try await plan.run("backend.create") { () async throws(StorageError) in
            try await base.create(volume, capacity: capacity)
        }
    }

    package func copy(
        _ source: CopySource, to volume: VolumeIdentity, capacity: ByteCount, _ context: CopyContext
    ) async throws(StorageError) -> Outcome {
        try await plan.run("backend.copy") { () async throws(StorageError) in
            try await base.copy(source, to: volume, capacity: capacity, context)
        }
    }

    package func grow(_ volume: VolumeIdentity, to capacity: ByteCount) async throws(StorageError) -> Outcome {
        try await plan.run("backend.grow") { () async throws(StorageError) in
            try await base.grow(volume, to: capacity)
        }
    }

    package func remove(_ volume: VolumeIdentity) async throws(StorageError) -> Outcome {
        try await plan.run("backend.remove") { () async throws(StorageError) in try await base.remove(volume) }
    }

    /// One fault takes all of them.
    package func activate(_ volumes: [VolumeIdentity]) async -> [VolumeID: Result<DevicePath, StorageError>] {
        do throws(StorageError) {
            return try await plan.run("backend.activate") { () async throws(StorageError) in
                await base.activate(volumes)
            }
        } catch {
            return Dictionary(uniqueKeysWithValues: volumes.map { ($0.id, .failure(error)) })
        }
    }

    package func deactivate(_ volume: VolumeIdentity) async throws(StorageError) -> Outcome {
        try await plan.run("backend.deactivate") { () async throws(StorageError) in
            try await base.deactivate(volume)
        }
    }

    package func createSnapshot(
        _ snapshot: SnapshotReference, _ context: CopyContext
    ) async throws(StorageError) -> Outcome {
        try await plan.run("backend.createSnapshot") { () async throws(StorageError) in
            try await base.createSnapshot(snapshot, context)
        }
    }

    package func removeSnapshot(_ snapshot: SnapshotReference) async throws(StorageError) -> Outcome {
        try await plan.run("backend.removeSnapshot") { () async throws(StorageError) in
            try await base.removeSnapshot(snapshot)
        }
    }

    package func inventory() async throws(StorageError) -> PoolInventory {
        if plan.poolIsSilent.withLock({ $0 }) { throw StorageError(.unavailable, "injected silence") }
        return try await base.inventory()
    }
    package func usage() async throws(StorageError) -> PoolUsage { try await base.usage() }
}
