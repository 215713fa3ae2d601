import Catalog
import StorageCore

extension VolumeManager {
    /// Finishes or undoes what is in the journal and nobody works on, one after the other: after a crash.
    func recoverOperations(reversibleOnly: Bool) async throws(StorageError) {
        for operation in try await leftOperations(reversibleOnly: reversibleOnly) { try await recover(operation) }
    }

    /// What is in the journal and nobody works on: after a crash, when something holds it up, or when the journal could not be
    /// written. `reversibleOnly` leaves out what needs mounted volumes.
    func leftOperations(reversibleOnly: Bool) async throws(StorageError) -> [Operation] {
        let running = live.ids
        return try await catalog.unfinishedOperations().filter {
            !running.contains($0.id) && (!reversibleOnly || $0.plan.isReversible || $0.state == .undoing)
        }
    }

    /// Goes on with one of them.
    func resume(_ operation: Operation) async {
        do {
            try await recover(operation)
        } catch {
            logger.warning(
                "\(operation.plan.kind) of \(operation.subject) could not go on: \(error)",
                metadata: ["volume": "\(operation.subject)"])
        }
    }

    /// Does nothing if somebody works on the volume.
    private func recover(_ operation: Operation) async throws(StorageError) {
        guard lock.tryAcquire(operation.subject) else { return }
        defer { lock.release([operation.subject]) }
        _ = try await recover(operation, holding: [])
    }

    /// Ends what was left unfinished on volumes whose lock the caller holds, before anything new begins on them:
    /// recovered later it would undo what was done since. Throws `busy` if it cannot be ended now.
    func settle(_ keys: Set<VolumeKey>) async throws(StorageError) {
        for operation in try await catalog.unfinishedOperations() where keys.contains(operation.subject) {
            guard try await recover(operation, holding: keys) else {
                throw StorageError(
                    .busy,
                    "\(operation.plan.kind) was left unfinished at step \(operation.step) and cannot be ended now; ask again",
                    resource: operation.resource)
            }
        }
    }

    /// The caller holds the lock of the operation's volume. A copy's origin is locked as well: undoing thaws it. Answers
    /// whether the operation has ended.
    private func recover(
        _ operation: Operation, holding keys: Set<VolumeKey>
    ) async throws(StorageError) -> Bool {
        // Under the lock: whoever ran it has ended, and its end may be in the journal by now.
        guard let current = try await catalog.operation(operation.id), !current.isFinished else { return true }
        guard let volume = try await catalog.volume(operation.subject), volume.identity == operation.volume else {
            try await abandon(current)
            return true
        }
        let origin = volume.source?.origin
        let needsOrigin = origin.map { !keys.contains($0) && $0 != operation.subject } ?? false
        if needsOrigin, let origin, !lock.tryAcquire(origin) { return false }
        defer { if needsOrigin, let origin { lock.release([origin]) } }
        live.begin(operation.id)
        defer { live.end(operation.id) }
        let text =
            "\(operation.plan.kind) of \(operation.subject) was left unfinished at step \(operation.step); recovering it"
        logger.log(level: said.level(.notice, for: text, of: operation.id), "\(text)")
        _ = await finish(current, on: volume, from: .recover) { _ in }
        return try await catalog.operation(operation.id)?.isFinished ?? true
    }

    /// Its volume is gone, or another has its name: there is nothing left to do, and nothing may be touched.
    private func abandon(_ operation: Operation) async throws(StorageError) {
        var ended = operation
        ended.state = .failed
        ended.endedAt = now()
        ended.failure = .init(
            StorageError(.internal, "its volume is not in the catalog", resource: operation.resource))
        try await catalog.record(ended)
    }

    /// Removes what is left of a snapshot whose undoing failed, which ends what it did to its volume.
    func resumeUndoing(of key: SnapshotKey) async {
        do {
            _ = try await removeLeftover(key)
        } catch {
            logger.warning(
                "what is left of the snapshot \(key) could not be removed: \(error)",
                metadata: ["volume": "\(key.volume)"])
        }
    }

    /// Notes what the pools hold of ours that the catalog does not know. Nothing is removed: it may be all that is left
    /// of a lost catalog.
    func noteOrphans() async throws(StorageError) {
        let known = Set(try await catalog.volumes().map(\.id))
        let snapshots = Set(try await catalog.allSnapshots().map(\.reference))
        for pool in pools.all {
            // One that does not answer is told of by its condition.
            guard let inventory = try? await pool.backend.inventory() else { continue }
            let unknown =
                inventory.volumes.filter { !known.contains($0.identity.id) }.map {
                    "\($0.identity.key) (\($0.identity.id))"
                }
                + inventory.lastingSnapshots.map(\.reference).filter { !snapshots.contains($0) }.map {
                    "\($0.volume.key)@\($0.name)"
                }
            orphans.withLock { $0[pool.name] = unknown }
            for name in unknown {
                logger.warning(
                    "the pool \(pool.name) holds storage that is not in the catalog, it is left alone: \(name)")
            }
        }
    }
}
