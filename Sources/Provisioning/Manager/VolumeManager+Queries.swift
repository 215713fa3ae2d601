import Catalog
import StorageCore

/// A page of a list, and where the next one begins.
package struct Page<Item: Sendable>: Sendable {
    package let items: [Item]
    /// Nil on the last page.
    package let next: VolumeKey?
}

/// A pool with what it has and has left.
package struct PoolStatus: Sendable {
    package let pool: Pool
    /// Nil when the pool does not answer; `condition` says why.
    package let usage: PoolUsage?
    package let volumes: Int
    /// What lies in the pool and is not ours.
    package let foreign: [String]
    package let condition: Condition

    /// Copies that share data with their sources yet, and how far each is on its way to stand on its own.
    package var copies: [VolumeKey: CopyProgress] { pool.maintenance?.copies ?? [:] }
}

extension VolumeManager {
    /// Throws `notFound` if there is none.
    package func volume(_ key: VolumeKey) async throws(StorageError) -> Volume {
        guard let volume = try await catalog.volume(key) else {
            throw StorageError(.notFound, "the volume \(key) does not exist", resource: key.resource)
        }
        return volume
    }

    /// In order of namespace and name.
    package func volumes(
        in namespace: Namespace?, after: VolumeKey?, limit: Int
    ) async throws(StorageError) -> Page<Volume> {
        let found = try await catalog.volumes(in: namespace, after: after, limit: limit + 1)
        let page = Array(found.prefix(limit))
        return Page(items: page, next: found.count > limit ? page.last?.key : nil)
    }

    /// What is in use in each volume, the filesystem's own records included. A volume that is not mounted, whose
    /// filesystem has failed, or that is not measured in `Settings.measuringPatience` is left out.
    package func usedBytes(of volumes: [Volume]) async -> [VolumeID: ByteCount] {
        let survey = UsageSurvey()
        let completion = Completion<Void>()
        let work = Task { [filesystem] in
            await survey.measure(volumes.filter(\.phase.isServed), filesystem)
            completion.finish(())
        }
        // Whoever hangs is not waited for: a group of tasks would.
        _ = await completion.value(within: settings.measuringPatience, clock: clock)
        work.cancel()
        return survey.used
    }

    /// What the volume takes in its pool, with its snapshots. Nil where the pool cannot say it, or not in `Settings.measuringPatience`.
    package func storedBytes(of volume: Volume) async -> ByteCount? {
        guard let backend = try? pools[volume.pool].backend else { return nil }
        let completion = Completion<ByteCount?>()
        let work = Task { completion.finish(try? await backend.stored(volume.identity)) }
        defer { work.cancel() }
        return await completion.value(within: settings.measuringPatience, clock: clock) ?? nil
    }

    /// Throws `notFound` if there is none.
    package func snapshot(_ key: SnapshotKey) async throws(StorageError) -> Snapshot {
        guard let snapshot = try await catalog.snapshot(key) else {
            throw StorageError(.notFound, "the snapshot \(key) does not exist", resource: key.resource)
        }
        return snapshot
    }

    /// In order of their names; throws `notFound` if there is no such volume.
    package func snapshots(of key: VolumeKey) async throws(StorageError) -> [Snapshot] {
        _ = try await volume(key)
        return try await catalog.snapshots(of: key)
    }

    /// How many volumes there are in all pools.
    package func volumeCount() async throws(StorageError) -> Int {
        try await catalog.volumeCounts().values.reduce(0, +)
    }

    package func poolStatuses() async throws(StorageError) -> [PoolStatus] {
        let counts = try await catalog.volumeCounts()
        var statuses: [PoolStatus] = []
        for pool in pools.all {
            statuses.append(await status(of: pool, volumes: counts[pool.name] ?? 0))
        }
        return statuses
    }

    private func status(of pool: Pool, volumes: Int) async -> PoolStatus {
        do {
            let usage = try await pool.backend.usage()
            let foreign = try await pool.backend.inventory().foreign
            return PoolStatus(
                pool: pool, usage: usage, volumes: volumes, foreign: foreign, condition: condition(of: pool.name, usage)
            )
        } catch {
            return PoolStatus(
                pool: pool, usage: nil, volumes: volumes, foreign: [], condition: .abnormal(error.message))
        }
    }

    private func condition(of pool: PoolName, _ usage: PoolUsage) -> Condition {
        let unknown = orphans.withLock { $0[pool] ?? [] }
        let orphans =
            unknown.isEmpty
            ? nil : "it holds storage that is not in the catalog and is left alone: \(unknown.joined(separator: ", "))"
        let flaws = [usage.warning, orphans].compactMap(\.self)
        return flaws.isEmpty ? .normal : .abnormal(flaws.joined(separator: "; "))
    }

    /// Newest first.
    package func operations(limit: Int) async throws(StorageError) -> [Operation] {
        try await catalog.operations(limit: limit).map(live.following)
    }

    /// Throws `notFound` for one that never was, or is older than the 1,000 that are kept.
    package func operation(_ id: OperationID) async throws(StorageError) -> Operation {
        guard let operation = try await catalog.operation(id) else {
            throw StorageError(
                .notFound, "there is no operation \(id); the newest 1000 are kept", resource: id.resource)
        }
        return live.following(operation)
    }
}
