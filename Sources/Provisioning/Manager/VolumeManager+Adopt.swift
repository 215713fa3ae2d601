import Catalog
import StorageCore

extension VolumeManager {
    /// Ensures that what is mounted at the path of `key` is that volume: its storage carries the volume's identity, the catalog
    /// knows it, its export is ours with the clients and the squash it has, or with `clients` if they are given, and no file of the
    /// operator's exports it any more. It stays mounted and served meanwhile, and clients keep their file handles.
    ///
    /// Every step ensures its state, and what was interrupted goes on when asked again: the catalog's row is written first, because
    /// from marks without a row a rebuild would make a volume without clients; then the storage is marked, and the exports are
    /// changed last. A dry run changes nothing.
    ///
    /// Throws `notFound` if nothing is mounted there; `conflict` if that is no storage of a pool's, is another volume's, or is
    /// mounted or exported as a volume is not; `invalidArgument` if its clients have to be named; `unavailable` with a pool or an NFS server
    /// that has nothing to be adopted, and until the node has started; `busy` if something works on the volume.
    package func adopt(
        _ key: VolumeKey, clients: [ClientRule]?, isDryRun: Bool
    ) async throws(StorageError) -> Adoption {
        try requireReady()
        guard let adoption else {
            throw StorageError(
                .unavailable,
                "only what the kernel's NFS server exports can be adopted, and this node serves with another (nfs.server)"
            )
        }
        guard lock.tryAcquire(key) else {
            throw StorageError(.busy, "something works on it; ask again when that has ended", resource: key.resource)
        }
        defer { lock.release([key]) }
        do throws(StorageError) {
            try await settle([key])
            let sight = try await sight(key, adoption, clients)
            guard !isDryRun else { return sight.adoption(.changed, retired: sight.export.lines) }
            return try await take(sight, adoption.exports)
        } catch {
            throw error.about(key.resource)
        }
    }

    /// What there is to be adopted, after all that may be in the way has been asked.
    private struct Sight {
        let draft: VolumeDraft
        let pool: Pool
        let adopter: any VolumeAdopter
        let candidate: AdoptionCandidate
        let export: OperatorExport
        let fsid: ExportFSID
        /// The volume that it is already.
        let existing: Volume?

        func adoption(_ outcome: Outcome, retired: [OperatorExport.Line]) -> Adoption {
            Adoption(
                key: draft.spec.key, id: draft.id, pool: pool.name, filesystem: draft.spec.filesystem,
                capacity: draft.spec.capacity, path: draft.path, storage: candidate.name, fsid: fsid,
                squash: existing?.squash ?? draft.spec.squash, clients: existing?.clients ?? draft.spec.clients,
                changes: existing == nil ? export.changes : [], retired: retired, outcome: outcome)
        }
    }

    private func sight(
        _ key: VolumeKey, _ sources: AdoptionSources, _ asked: [ClientRule]?
    ) async throws(StorageError) -> Sight {
        let path = settings.paths.path(for: key)
        let device = try await sources.mounts.adoptable(at: path)
        let (pool, adopter, candidate) = try await candidate(device)
        guard let found = try await filesystem.identify(device) else {
            throw StorageError(.conflict, "\(candidate.name) has no filesystem that a volume has (xfs, ext4)")
        }
        let export = try await sources.exports.survey(path, filesystem: found.id)
        let identity = VolumeIdentity(id: found.id, key: key)
        let existing = try await existing(identity, path, candidate, export.fsid)
        let spec = try VolumeSpec(
            key: key, capacity: candidate.capacity, pool: pool.name, filesystem: found.kind,
            squash: export.squash ?? Squash.none, clients: try clients(existing, export, asked))
        guard spec.capacity == candidate.capacity else {
            throw StorageError(
                .conflict,
                "\(candidate.name) has \(candidate.capacity.bytes) bytes, no multiple of \(VolumeSpec.granularity); grow it, "
                    + "and ask again")
        }
        let fsid = existing?.fsid ?? export.fsid
        return Sight(
            draft: VolumeDraft(id: found.id, spec: spec, path: path, createdAt: now(), fsid: fsid), pool: pool,
            adopter: adopter, candidate: candidate, export: export, fsid: fsid, existing: existing)
    }

    private func candidate(
        _ device: DevicePath
    ) async throws(StorageError) -> (Pool, any VolumeAdopter, AdoptionCandidate) {
        var refusal: StorageError?
        for pool in pools.all {
            guard let adopter = pool.adopter else { continue }
            do throws(StorageError) {
                if let candidate = try await adopter.candidate(device) { return (pool, adopter, candidate) }
            } catch {
                // Another pool may share the storage, and be where it lies.
                refusal = refusal ?? error
            }
        }
        throw refusal
            ?? StorageError(
                .conflict,
                "\(device) is in no pool of this node that can adopt it; a logical volume in the volume group of a pool is"
            )
    }

    /// The volume that it is already; nil if it is none. Throws `conflict` if the name, the path, the id or the fsid is another's.
    private func existing(
        _ identity: VolumeIdentity, _ path: MountPath, _ candidate: AdoptionCandidate, _ fsid: ExportFSID
    ) async throws(StorageError) -> Volume? {
        if let owner = candidate.owner, owner != identity {
            throw StorageError(.conflict, "\(candidate.name) is the volume \(owner.key) (\(owner.id)) already")
        }
        let volumes = try await catalog.volumes()
        if let same = volumes.first(where: { $0.key == identity.key }) {
            guard same.id == identity.id else {
                throw StorageError(.conflict, "the volume \(same.key) is another (\(same.id)); choose another name")
            }
            try requireServed(same)
            return same
        }
        if let other = volumes.first(where: { $0.id == identity.id || $0.fsid == fsid || $0.path == path }) {
            let what = other.path == path ? "path" : other.id == identity.id ? "filesystem's UUID" : "fsid"
            throw StorageError(.conflict, "the volume \(other.key) has this \(what)")
        }
        return nil
    }

    private func clients(
        _ existing: Volume?, _ export: OperatorExport, _ asked: [ClientRule]?
    ) throws(StorageError) -> [ClientRule] {
        if let existing {
            guard try asked.map(ClientRule.normalized) ?? existing.clients == existing.clients else {
                throw StorageError(
                    .conflict,
                    "it is a volume already, with other clients; change them as of any volume (volume clients)")
            }
            return existing.clients
        }
        if let asked { return try ClientRule.normalized(asked) }
        guard export.unnamed.isEmpty else {
            throw StorageError(
                .invalidArgument,
                "it is exported to \(export.unnamed.joined(separator: ", ")), and a volume's clients are addresses and "
                    + "networks; name all that are to have it (clients; on the command line --client)")
        }
        guard export.unserved.isEmpty else {
            throw StorageError(
                .conflict,
                "not served yet: \(export.unserved.joined(separator: ", ")); run exportfs -ra if they are to have it, else take "
                    + "them out of the file")
        }
        guard !export.clients.isEmpty else {
            throw StorageError(
                .invalidArgument,
                "it is exported to nobody; name who is to have it (clients; on the command line --client), or export it first"
            )
        }
        return export.clients
    }

    private func take(_ sight: Sight, _ operators: any OperatorExports) async throws(StorageError) -> Adoption {
        let (volume, (marked, retired), exported) = try await exports.takeOver { () async throws(StorageError) in
            let (volume, marked) = try await claim(sight)
            // The lines go before the export is made: exportfs would take them for what is wanted.
            return (volume, volume.export, (marked, try await operators.retire(volume.path)))
        }
        if sight.existing == nil {
            logger.notice(
                "adopted \(sight.candidate.name)", metadata: ["volume": "\(volume.key)", "fsid": "\(volume.fsid)"])
            try await noteOrphans()
        }
        return sight.adoption(marked | exported | (retired.isEmpty ? .unchanged : .changed), retired: retired)
    }

    /// Writes the volume, and marks its storage.
    private func claim(_ sight: Sight) async throws(StorageError) -> (Volume, Outcome) {
        let identity = VolumeIdentity(id: sight.draft.id, key: sight.draft.spec.key)
        if let existing = sight.existing {
            return (existing, try await sight.adopter.adopt(sight.candidate, as: identity, fsid: sight.fsid))
        }
        let volume = try await catalog.restore(sight.draft)
        do throws(StorageError) {
            _ = try await sight.adopter.adopt(sight.candidate, as: identity, fsid: sight.fsid)
        } catch {
            await takeBack(volume)
            throw error
        }
        return (volume, .changed)
    }

    /// If that fails too, the same request mends it.
    private func takeBack(_ volume: Volume) async {
        do throws(StorageError) { try await catalog.takeBack(volume) } catch {
            logger.error("what was not adopted stays in the catalog: \(error)", metadata: ["volume": "\(volume.key)"])
        }
    }
}
