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
            _ = try pools.holding(volume)
            if !force, volume.phase.isServed { try await requireNoHolders(volume) }
            let operation = Operation(
                volume: volume.identity, plan: .delete, step: Step.withdraw.rawValue, startedAt: now())
            let moved = try volume.moved(to: .deleting, .normal)
            try await catalog.begin(operation, [.putVolume(moved)])
            return .run(operation, moved)
        } result: { _ in
        }
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
