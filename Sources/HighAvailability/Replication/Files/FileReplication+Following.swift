import FoundationEssentials
import StorageCore

/// What is taken over from the node that serves.
extension FileReplication {
    /// The other node serves, and this one does not: takes over what it has, if that is due. Never throws: what does not succeed is shown,
    /// and tried again.
    package func follow(asking ask: @escaping Ask) async {
        let moment = now()
        // Not each second: it is written to the disk. Before the first time nothing is known to be here.
        if let heardAt = ledger.heardAt, abs(moment - heardAt) > 5 { try? change { $0.heardAt = moment } }
        guard round == nil, ContinuousClock.now >= isDueAt else { return }
        _ = await run(asking: ask)
    }

    /// Takes over all that the other node has now, which lets no client in. Throws if anything is missing then.
    package func catchUp(asking ask: @escaping Ask) async throws(StorageError) {
        _ = await round?.value
        try await run(asking: ask).get()
    }

    /// Has the volumes that the other node has, not what is in them.
    package func mirror(asking ask: @escaping Ask) async throws(StorageError) {
        try requireOpen()
        try await volumes.begin()
        _ = try await haveVolumes(asking: ask)
    }

    private func run(asking ask: @escaping Ask) async -> Result<Void, StorageError> {
        let begin = ContinuousClock.now
        let task = Task { await attempt(asking: ask) }
        round = task
        let result = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        round = nil
        isDueAt = max(begin + settings.interval, .now + .seconds(1))
        if case .failure(let error) = result {
            logger.warning("the other node's files could not all be copied: \(error)")
        }
        return result
    }

    private func attempt(asking ask: @escaping Ask) async -> Result<Void, StorageError> {
        do throws(StorageError) { return .success(try await goRound(asking: ask)) } catch { return .failure(error) }
    }

    private func goRound(asking ask: Ask) async throws(StorageError) {
        try requireOpen()
        try await volumes.begin()
        var failure: StorageError?
        let found = try await haveVolumes(asking: ask)
        for volume in found {
            do throws(StorageError) {
                try await pull(volume, asking: ask)
                problems[volume.id] = nil
            } catch {
                problems[volume.id] = error.message
                failure = failure ?? error
            }
        }
        do throws(StorageError) { try await rsync.pullShared() } catch {
            // It costs clients time, and no data.
            logger.warning("who is connected to the other node could not be copied: \(error)")
        }
        if let failure { throw failure }
        guard case .current(other: .followed) = look().data else {
            throw StorageError(.unavailable, "not all volumes of the other node are here: \(text)")
        }
    }

    /// Ensures the volumes that the other node has, and answers those that are here now. What both nodes had and that one has no more is
    /// deleted; what it never had stays.
    private func haveVolumes(asking ask: Ask) async throws(StorageError) -> [Volume] {
        let moment = now()
        guard let wanted = try await ask(.volumes, .seconds(20)).volumes else { return [] }
        try requireOpen()
        let own = try await volumes.list()
        try note(wanted, own: Set(own.map(\.id)), at: moment)
        let ids = Set(wanted.map(\.id))
        for volume in own where !ids.contains(volume.id) { await remove(volume) }
        let left = try await volumes.list().map(\.id)
        try change { $0.keep(ids.union(left)) }
        var found: [Volume] = []
        for volume in wanted {
            do throws(StorageError) {
                found.append(try await volumes.ensure(volume))
            } catch {
                problems[volume.id] = error.message
                logger.warning("\(volume.key): \(error)")
                // It is not here, or not as it is to be.
                try change { $0[volume.id] = .init(key: volume.key, copy: .taken(asOf: nil)) }
            }
        }
        return found
    }

    /// What is here and nothing is known of is this node's own, and so is kept. What was not there when the list was asked for last was
    /// nothing then, and so is its copy.
    private func note(_ wanted: [Volume], own: Set<VolumeID>, at moment: Double) throws(StorageError) {
        let before = listedAt
        try change { ledger in
            ledger.isLeading = false
            ledger.heardAt = max(ledger.heardAt ?? moment, moment)
            for volume in wanted where ledger[volume.id] == nil {
                let copy: CopyLedger.Copy = own.contains(volume.id) ? .own(sharedAt: nil) : .taken(asOf: before)
                ledger[volume.id] = .init(key: volume.key, copy: copy)
            }
        }
        listedAt = moment
    }

    private func remove(_ volume: Volume) async {
        guard ledger.isShared(volume.id) else {
            problems[volume.id] =
                "the other node never had it: it was made here before that took over; copy what you need, and delete it while this node serves"
            return
        }
        do throws(StorageError) {
            try await volumes.remove(volume)
            try change { $0[volume.id] = nil }
            problems[volume.id] = nil
        } catch {
            problems[volume.id] = error.message
        }
    }

    private func pull(_ volume: Volume, asking ask: Ask) async throws(StorageError) {
        try requireOpen()
        try await keep(volume)
        let moment = now()
        guard let place = try await ask(.expose(volume.id), .seconds(60)).place else {
            throw StorageError(.internal, "the other node did not say where the volume's files are")
        }
        let directory = try await volumes.hold(volume)
        defer { withExtendedLifetime(directory) {} }
        do throws(StorageError) {
            try await rsync.pull(place.path, to: volume.path)
            // By the other node's clock, of which only the moment is known.
            try await recent.distrust(in: volume.path, since: place.moment, until: place.moment + now() - moment)
        } catch {
            _ = try? await ask(.conceal(volume.id, isWhole: false), .seconds(20))
            throw error
        }
        _ = try await ask(.conceal(volume.id, isWhole: true), .seconds(20))
        try change {
            $0[volume.id] = .init(key: volume.key, copy: .taken(asOf: moment))
            $0.heardAt = max($0.heardAt ?? moment, moment)
        }
    }

    /// What was written here and the other node never got is kept before its files come over it.
    private func keep(_ volume: Volume) async throws(StorageError) {
        guard let entry = ledger[volume.id], case .own(let sharedAt) = entry.copy else { return }
        let name = Date(timeIntervalSince1970: now()).formatted(
            Date.ISO8601FormatStyle(dateSeparator: .dash, timeSeparator: .omitted))
        let directory = try await volumes.hold(volume)
        defer { withExtendedLifetime(directory) {} }
        let count = try await lost.keep(at: volume.path, since: sharedAt, as: name)
        if count > 0 {
            logger.warning(
                "\(count) files in \(volume.path) were written here and not copied before the other node took over: they are kept in \(RsyncSettings.kept)/\(name)"
            )
        }
        try change { $0[volume.id] = .init(key: volume.key, copy: .taken(asOf: nil)) }
    }
}
