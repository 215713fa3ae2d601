import Logging
import StorageCore

/// Makes the NFS server show what the catalog says: what is missing or differs is set right, what is extra goes.
struct ExportRepair {
    let manager: VolumeManager
    let logger: Logger

    /// `seen` is a moment old. Where the exports are as it says, which is nearly always, nothing more is read.
    func all(_ seen: Observation) async throws(StorageError) {
        let observed: [ObservedExport]
        do throws(StorageError) {
            observed = try await manager.exports.observed()
        } catch {
            guard error.code == .unavailable else { throw error }
            logger.warning("the NFS server does not answer (\(error.message)); starting it")
            _ = try await manager.exports.serveAll()
            logger.notice("the NFS server serves again, with all exports")
            return
        }
        let wanted = Set(seen.exportable.filter(\.phase.isServed).map { ObservedExport($0.export) })
        guard Set(observed) != wanted else { return }
        try await correct(Dictionary(observed.map { ($0.id, $0) }) { first, _ in first })
    }

    /// Looks again, after the server was asked: what was made meanwhile is no extra export.
    private func correct(_ observed: [ExportID: ObservedExport]) async throws(StorageError) {
        let volumes = try await manager.observer.look().exportable
        for volume in volumes where volume.phase.isServed && observed[volume.exportID] != ObservedExport(volume.export)
        {
            try await correct(volume)
        }
        let known = Set(volumes.map(\.exportID))
        for extra in observed.values.sorted(by: { $0.id < $1.id }) where !known.contains(extra.id) {
            logger.warning("\(extra.path) is exported and should not be; withdrawing it")
        }
        if observed.keys.contains(where: { !known.contains($0) }) { _ = try await manager.exports.serveAll() }
    }

    private func correct(_ listed: Volume) async throws(StorageError) {
        guard manager.lock.tryAcquire(listed.key) else { return }
        defer { manager.lock.release([listed.key]) }
        guard let volume = try await manager.catalog.volume(listed.key), volume.phase.isServed else { return }
        guard try await manager.exports.ensure(volume.export) == .changed else { return }
        logger.warning(
            "the export of \(volume.path) was not as it should be; set it right", metadata: ["volume": "\(volume.key)"])
    }
}
