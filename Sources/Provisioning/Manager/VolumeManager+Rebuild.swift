import Catalog
import StorageCore

extension VolumeManager {
    /// Ensures that the catalog knows all volumes of ours that the pools hold, as after the loss of its file: those that are
    /// whole, with the filesystem that their identity names, are written into it with their snapshots, and served. Storage
    /// carries neither clients nor squash, so nobody may mount them until the clients are named again; export ids are new,
    /// file handles of the kernel's NFS server stay valid, those of NFS-Ganesha do not. What is not whole, or whose name or path
    /// another has, is left as it is with the reason, and so is a pool that does not answer.
    ///
    /// No storage is changed, so this needs no operation: each volume is one transaction, and the same again goes on where it was
    /// interrupted. A dry run changes nothing at all; a device that it had to activate is deactivated again. Throws `unavailable`
    /// until the node has started.
    package func rebuild(isDryRun: Bool) async throws(StorageError) -> Rebuild {
        try requireReady()
        var rebuild = Rebuild()
        var found: [(pool: Pool, inventory: PoolInventory)] = []
        for pool in pools.all {
            do throws(StorageError) {
                found.append((pool, try await pool.backend.inventory()))
            } catch {
                rebuild.leave("pools/\(pool.name)", in: pool.name, error.message)
            }
        }
        // After the pools: a volume's row is written before its storage is made, so what is being made now is known.
        var taken = Taken(try await catalog.volumes())
        let atHome = Set(found.flatMap { $0.inventory.volumes.filter(\.isAtHome).map(\.identity.id) })
        for (pool, inventory) in found {
            for entry in inventory.volumes
            where (entry.isAtHome || !atHome.contains(entry.identity.id)) && !taken.ids.contains(entry.identity.id) {
                let snapshots = inventory.lastingSnapshots.filter { $0.reference.volume.id == entry.identity.id }
                await restore(entry, snapshots, in: pool, isDryRun, &taken, &rebuild)
            }
        }
        try await leaveSnapshots(found, &rebuild)
        guard !isDryRun, !rebuild.restored.isEmpty else { return rebuild }
        try await noteOrphans()
        _ = await MountRepair(manager: self, logger: logger).all(try await observer.look())
        return rebuild
    }

    /// What other volumes have, those included that a dry run would restore.
    private struct Taken {
        var ids: Set<VolumeID>
        var names: [VolumeKey: VolumeID]
        var paths: [MountPath: VolumeKey]

        init(_ volumes: [Volume]) {
            ids = Set(volumes.map(\.id))
            names = Dictionary(volumes.map { ($0.key, $0.id) }) { first, _ in first }
            paths = Dictionary(volumes.map { ($0.path, $0.key) }) { first, _ in first }
        }
    }

    private func restore(
        _ entry: PoolInventory.Entry, _ snapshots: [PoolInventory.SnapshotEntry], in pool: Pool, _ isDryRun: Bool,
        _ taken: inout Taken, _ rebuild: inout Rebuild
    ) async {
        let key = entry.identity.key
        let path = settings.paths.path(for: key)
        do throws(StorageError) {
            if let other = taken.names[key] { throw StorageError(.conflict, "the volume \(other) has this name") }
            if let other = taken.paths[path] { throw StorageError(.conflict, "\(path) is the path of \(other)") }
            let whole = snapshots.filter { $0.capacity > .zero }
            let draft = try await draft(entry, in: pool, path, isDryRun)
            if !isDryRun {
                let kept = whole.map { Snapshot(restoring: $0, of: draft) }
                let volume = try await catalog.restore(draft, snapshots: kept)
                logger.notice("restored \(volume.key) from the pool \(pool.name)", metadata: ["volume": "\(key)"])
            }
            taken.ids.insert(draft.id)
            taken.names[key] = draft.id
            taken.paths[path] = key
            rebuild.restored.append(
                Rebuild.Restored(
                    key: key, id: draft.id, pool: pool.name, filesystem: draft.spec.filesystem,
                    capacity: draft.spec.capacity, snapshots: whole.map(\.reference.name)))
        } catch {
            rebuild.leave(key.resource, in: pool.name, error.message)
        }
    }

    /// The volume as it is to be written, from what its storage says. Throws why it cannot be.
    private func draft(
        _ entry: PoolInventory.Entry, in pool: Pool, _ path: MountPath, _ isDryRun: Bool
    ) async throws(StorageError) -> VolumeDraft {
        let identity = entry.identity
        guard entry.capacity > .zero else {
            throw StorageError(.conflict, "it is half made: its creation, or its deletion, did not come to its end")
        }
        guard lock.tryAcquire(identity.key) else {
            throw StorageError(.busy, "something works on a volume of this name; ask again when that has ended")
        }
        defer { lock.release([identity.key]) }
        let device = try await pool.backend.activate(identity)
        let filesystem = try await filesystem.identify(device)
        let isItsOwn = filesystem?.id == identity.id
        // What is restored is mounted next.
        if entry.device == nil, isDryRun || !isItsOwn { _ = try await pool.backend.deactivate(identity) }
        guard let filesystem, isItsOwn else {
            let state = filesystem.map { "a filesystem with the UUID \($0.id)" } ?? "no filesystem of ours"
            throw StorageError(
                .conflict,
                "it holds \(state), not its own with the UUID \(identity.id): it was not made or copied to the end")
        }
        let spec = try VolumeSpec(
            key: identity.key, capacity: entry.capacity, pool: pool.name, filesystem: filesystem.kind)
        return VolumeDraft(id: identity.id, spec: spec, path: path, createdAt: now(), fsid: entry.fsid)
    }

    /// Snapshots that the catalog does not know after all.
    private func leaveSnapshots(
        _ found: [(pool: Pool, inventory: PoolInventory)], _ rebuild: inout Rebuild
    ) async throws(StorageError) {
        let known = Set(try await catalog.allSnapshots().map(\.reference))
        let restored = Set(rebuild.restored.map(\.id))
        for (pool, inventory) in found {
            for entry in inventory.lastingSnapshots where !known.contains(entry.reference) {
                let isOfRestored = restored.contains(entry.reference.volume.id)
                if isOfRestored, entry.capacity > .zero { continue }
                let key = SnapshotKey(volume: entry.reference.volume.key, name: entry.reference.name)
                // Pools that share a volume group both hold it.
                if rebuild.left.contains(where: { $0.resource == key.resource }) { continue }
                rebuild.leave(
                    key.resource, in: pool.name,
                    isOfRestored
                        ? "it is half made" : "its volume (\(entry.reference.volume.id)) was not restored with it")
            }
        }
    }
}

extension Snapshot {
    fileprivate init(restoring entry: PoolInventory.SnapshotEntry, of volume: VolumeDraft) {
        self.init(
            key: SnapshotKey(volume: volume.spec.key, name: entry.reference.name),
            origin: VolumeIdentity(id: volume.id, key: volume.spec.key), pool: volume.spec.pool,
            filesystem: volume.spec.filesystem, capacity: entry.capacity, createdAt: volume.createdAt, isReady: true)
    }
}
