import StorageCore

/// What the other node is given.
extension FileReplication {
    /// `whole` are the volumes that the other node has a whole copy of.
    package func list(having whole: Set<VolumeID>) async throws(StorageError) -> [Volume] {
        if isOpen { try await volumes.begin() }
        let found = try await volumes.list()
        // What was deleted is nothing to be copied any more.
        try change {
            $0.keep(Set(found.map(\.id)))
            $0.withdraw(but: whole)
        }
        return found
    }

    /// Answers where the other node finds the volume's files: as they are in this moment, where the pool can show that. While the service is
    /// down nobody changes them.
    package func expose(_ id: VolumeID) async throws(StorageError) -> FilePlace {
        guard let volume = try await volumes.list().first(where: { $0.id == id }) else {
            throw StorageError(.notFound, "there is no volume with the id \(id)")
        }
        let moment = now()
        let frozen = isOpen ? nil : await frozen(volume)
        guard let place = rsync.settings.place(of: frozen ?? volume.path.value) else {
            throw StorageError(
                .conflict, "\(volume.path) is not below \(rsync.settings.root), and so is not replicated",
                resource: volume.key.resource)
        }
        let directory = frozen == nil ? try await volumes.hold(volume) : nil
        exposures[id] = Exposure(moment: moment, volume: volume, directory: directory)
        return FilePlace(path: place, moment: moment)
    }

    private func frozen(_ volume: Volume) async -> String? {
        do throws(StorageError) { return try await volumes.freeze(volume) } catch {
            logger.warning("\(volume.key) is copied while it is written, since it cannot be frozen: \(error)")
            return nil
        }
    }

    /// The other node has copied it, all or not.
    package func conceal(_ id: VolumeID, isWhole: Bool) async throws(StorageError) {
        guard let exposure = exposures.removeValue(forKey: id) else { return }
        if exposure.directory == nil { await volumes.release(exposure.volume) }
        guard isWhole, ledger.isLeading else { return }
        try change { $0[id] = .init(key: exposure.volume.key, copy: .own(sharedAt: exposure.moment)) }
    }

    /// The other node does not answer any more, so nothing is kept for it.
    package func concealAll() async {
        guard !exposures.isEmpty else { return }
        exposures = [:]
        await volumes.releaseAll()
    }

    /// The other node has all that was ever written here, and may be written from now on.
    package func yield() throws(StorageError) {
        let moment = now()
        try change { $0.yield(at: moment) }
    }
}
