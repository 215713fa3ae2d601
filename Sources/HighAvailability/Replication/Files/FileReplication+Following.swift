import FoundationEssentials
import StorageCore

/// What is taken over from the node that serves.
extension FileReplication {
    /// The other node serves, and this one does not: takes over what it has, if that is due. Never throws: what does not succeed is shown,
    /// and tried again.
    package func follow(asking ask: @escaping Ask) async {
        guard round == nil, ContinuousClock.now >= isDueAt else { return }
        _ = await run(asking: ask)
    }

    /// The other node serves: what is here is older by as much as that has been.
    package func hear() {
        let moment = now()
        // Not each second: it is written to the disk. Before the first time nothing is known to be here.
        guard !ledger.isLeading, let heardAt = ledger.heardAt, abs(moment - heardAt) > 5 else { return }
        try? change { $0.heardAt = moment }
    }

    /// Takes over all that the other node has now, which lets no client in. Throws if anything is missing then.
    package func catchUp(asking ask: @escaping Ask) async throws(StorageError) {
        while let task = round { await end(task) }
        try await run(asking: ask).get()
        guard ledger.isWhole else {
            throw StorageError(.unavailable, "not all volumes of the other node are here: \(text)")
        }
    }

    /// Has the volumes that the other node has, not what is in them.
    package func mirror(asking ask: @escaping Ask) async throws(StorageError) {
        mirrors += 1
        defer { mirrors -= 1 }
        try requireOpen()
        try await volumes.begin()
        _ = try await haveVolumes(asking: ask)
    }

    /// Whoever of those that wait for it comes first takes note of its end: it is not told to another in a certain order.
    func end(_ task: Task<Result<Void, StorageError>, Never>) async {
        _ = await task.value
        if round == task { round = nil }
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
        if round == task { round = nil }
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
        await volumes.releaseAll()
        var failure: StorageError?
        let found = try await haveVolumes(asking: ask)
        for volume in found {
            do throws(StorageError) {
                try await pull(volume, asking: ask)
                note(problem: nil, of: volume)
            } catch {
                if error.code != .cancelled { note(problem: error.message, of: volume) }
                failure = failure ?? error
            }
        }
        do throws(StorageError) { try await rsync.pullShared() } catch {
            // It costs clients time, and no data.
            logger.warning("who is connected to the other node could not be copied: \(error)")
        }
        if let failure { throw failure }
    }

    /// Ensures the volumes that the other node has, and answers those that are here now. What both nodes had and that one has no more is
    /// deleted; what it never had stays. A round and a mirror wait for each other: the work of one on a volume would be in the other's way.
    private func haveVolumes(asking ask: Ask) async throws(StorageError) -> [Volume] {
        while isListing {
            guard (try? await Task.sleep(for: .milliseconds(20))) != nil else {
                throw StorageError(.cancelled, "it is to end")
            }
        }
        try requireOpen()
        isListing = true
        defer { isListing = false }
        let moment = now()
        guard let wanted = try await ask(.volumes(having: ledger.whole), .seconds(20)).volumes else { return [] }
        try requireOpen()
        let own = try await volumes.list()
        try note(wanted, own: Set(own.map(\.id)), at: moment)
        let ids = Set(wanted.map(\.id))
        for volume in own where !ids.contains(volume.id) { await remove(volume) }
        let left = try await volumes.list().map(\.id)
        try change { $0.keep(ids.union(left)) }
        problems = problems.filter { ids.contains($0.key) || left.contains($0.key) }
        var found: [Volume] = []
        for volume in wanted {
            try requireOpen()
            do throws(StorageError) {
                found.append(try await volumes.ensure(volume))
            } catch {
                note(problem: error.message, of: volume)
                // It is not here, or not as it is to be. What was written here is so still, and is kept when it is copied over.
                if case .taken = ledger[volume.id]?.copy {
                    try change { $0[volume.id] = .init(key: volume.key, copy: .taken(asOf: nil)) }
                }
            }
        }
        return found
    }

    /// What is here and nothing is known of is this node's own, and so is kept. What was not there when the list was asked for last was
    /// nothing then, and so is its copy.
    private func note(_ wanted: [Volume], own: Set<VolumeID>, at moment: Double) throws(StorageError) {
        let before = listedAt
        try change { ledger in
            ledger.follow(at: moment)
            for volume in wanted where ledger[volume.id] == nil {
                // A copy of another volume was full from the first moment.
                let asOf = volume.source == nil ? before : nil
                let copy: CopyLedger.Copy = own.contains(volume.id) ? .own(sharedAt: nil) : .taken(asOf: asOf)
                ledger[volume.id] = .init(key: volume.key, copy: copy)
            }
        }
        listedAt = moment
    }

    private func remove(_ volume: Volume) async {
        guard ledger.isShared(volume.id), await !wasWrittenSince(volume) else {
            note(
                problem:
                    "it was made or written here before the other node took over, and that has it no more: copy what you need "
                    + "of it, and delete it while this node serves", of: volume)
            try? change { $0[volume.id] = nil }
            return
        }
        do throws(StorageError) {
            try await volumes.remove(volume)
            try change { $0[volume.id] = nil }
            note(problem: nil, of: volume)
        } catch {
            note(problem: error.message, of: volume)
        }
    }

    /// Something that the other node never got, or that cannot be told.
    private func wasWrittenSince(_ volume: Volume) async -> Bool {
        guard case .own(let sharedAt) = ledger[volume.id]?.copy else { return false }
        let changed = try? await lost.files.since(sharedAt, by: .change, in: volume.path.value)
        return changed.map { !$0.isEmpty } ?? true
    }

    private func pull(_ volume: Volume, asking ask: Ask) async throws(StorageError) {
        try requireOpen()
        // Of what was written here it is known what is to be kept.
        let isKnown = ledger[volume.id].map { $0.copy != .taken(asOf: nil) } ?? false
        try await keep(volume)
        let directory = try await volumes.hold(volume)
        let moment = now()
        guard let place = try await ask(.expose(volume.id), .seconds(60)).place else {
            throw StorageError(.internal, "the other node did not say where the volume's files are")
        }
        do throws(StorageError) {
            // Where nothing is known of what is here, nothing of it is thrown away.
            try await rsync.pull(place.path, to: volume.path, keeping: isKnown ? nil : Self.name(at: moment))
            // By the other node's clock, of which only the moment is known.
            try await recent.distrust(in: volume.path, since: place.moment, until: place.moment + now() - moment)
        } catch {
            _ = try? await ask(.conceal(volume.id, isWhole: false), .seconds(20))
            throw error
        }
        // On the disk before it counts as copied: rsync leaves that to the kernel.
        try await volumes.sync(directory, of: volume)
        _ = try await ask(.conceal(volume.id, isWhole: true), .seconds(20))
        try change {
            $0[volume.id] = .init(key: volume.key, copy: .taken(asOf: moment))
            $0.heardAt = max($0.heardAt ?? moment, moment)
        }
    }

    private static func name(at moment: Double) -> String {
        Date(timeIntervalSince1970: moment).formatted(
            Date.ISO8601FormatStyle(dateSeparator: .dash, timeSeparator: .omitted))
    }

    /// What was written here and the other node never got is kept before its files come over it.
    private func keep(_ volume: Volume) async throws(StorageError) {
        guard let entry = ledger[volume.id], case .own(let sharedAt) = entry.copy else { return }
        let name = Self.name(at: now())
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
