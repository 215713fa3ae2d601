import Catalog
import StorageCore

extension VolumeManager {
    /// Ensures that nothing is left of the volume: export, mount, device, storage, directory, record. Absent already is
    /// `.unchanged`. `conflict` naming the snapshots if it has any and `withSnapshots` is false; `busy` naming the
    /// clients that hold files, if the NFS server knows any and not `force`: nothing has changed then; `busy` naming the
    /// holders if a process of this node keeps the filesystem: it is withdrawn from clients by then, and asking again
    /// goes on; `unavailable` if the configuration does not name its pool.
    package func delete(
        _ key: VolumeKey, withSnapshots: Bool, force: Bool = false
    ) async throws(StorageError) -> Work<Void> {
        try await submit([key]) { () async throws(StorageError) -> Decision<Void> in
            guard let volume = try await catalog.volume(key) else { return .unchanged(()) }
            let snapshots = try await catalog.snapshots(of: key)
            guard withSnapshots || snapshots.isEmpty else {
                let names = snapshots.map(\.key.name.value).joined(separator: ", ")
                throw StorageError(
                    .conflict,
                    "the volume \(key) has snapshots: \(names); delete them first, or with the volume (snapshots=delete; "
                        + "on the command line --snapshots)",
                    resource: key.resource)
            }
            if !force, volume.phase.isServed { try await requireNoHolders(volume) }
            return try await beginDeletion(of: volume)
        } result: { _ in
        }
    }

    /// Goes on with a deletion that failed, or that a crash left in phase `deleting` without an operation. Does nothing if the volume
    /// is gone by then: another one that has its name is not to be deleted.
    func resumeDeletion(of volume: VolumeIdentity) async {
        do throws(StorageError) {
            _ = try await submit([volume.key]) { () async throws(StorageError) -> Decision<Void> in
                guard let found = try await catalog.volume(volume.key), found.identity == volume,
                    found.phase == .deleting
                else { return .unchanged(()) }
                return try await beginDeletion(of: found)
            } result: { _ in
            }
        } catch {
            logger.warning("deleting \(volume.key) could not go on: \(error)", metadata: ["volume": "\(volume.key)"])
        }
    }

    /// The caller holds its lock.
    private func beginDeletion(of volume: Volume) async throws(StorageError) -> Decision<Void> {
        _ = try pools.holding(volume)
        let operation = Operation(
            volume: volume.identity, plan: .delete, step: Step.withdraw.rawValue, startedAt: now())
        let moved = try volume.moved(to: .deleting, .normal)
        try await catalog.begin(operation, [.putVolume(moved)])
        return .run(operation, moved)
    }

    private func requireNoHolders(_ volume: Volume) async throws(StorageError) {
        let holders = try await exports.holders(of: volume.export)
        guard !holders.isEmpty else { return }
        let names = holders.prefix(4).map { holder in
            let more = holder.files.count > 3 ? " and \(holder.files.count - 3) more" : ""
            return "\(holder.client) (\(holder.files.prefix(3).joined(separator: ", "))\(more))"
        }
        let more = holders.count > 4 ? " and \(holders.count - 4) more clients" : ""
        throw StorageError(
            .busy,
            "clients hold files of the volume \(volume.key): \(names.joined(separator: ", "))\(more); end that, or delete "
                + "it under their hands (force=true; on the command line --force)", resource: volume.key.resource)
    }
}
