import Catalog
import StorageCore

extension VolumeManager {
    /// Finishes or undoes what is in the journal and nobody works on: after a crash, or when the journal could not be
    /// written. `reversibleOnly` leaves what needs mounted volumes for later. Answers how many there were.
    func recoverOperations(reversibleOnly: Bool) async throws(StorageError) -> Int {
        let running = live.withLock { $0 }
        let left = try await catalog.unfinishedOperations().filter {
            !running.contains($0.id) && (!reversibleOnly || $0.plan.isReversible || $0.state == .undoing)
        }
        for operation in left { try await recover(operation) }
        return left.count
    }

    private func recover(_ operation: Operation) async throws(StorageError) {
        guard lock.tryAcquire(operation.subject) else { return }
        defer { lock.release([operation.subject]) }
        // Under the lock: whoever ran it has ended, and its end may be in the journal by now.
        guard let current = try await catalog.operation(operation.id), !current.isFinished else { return }
        guard let volume = try await catalog.volume(operation.subject) else {
            var ended = current
            ended.state = .failed
            ended.endedAt = now()
            ended.failure = .init(
                StorageError(.internal, "its volume is not in the catalog", resource: current.resource))
            try await catalog.record(ended)
            return
        }
        live.withLock { _ = $0.insert(operation.id) }
        logger.notice(
            "\(operation.plan.kind) of \(operation.subject) was left unfinished at step \(operation.step); recovering it"
        )
        _ = await finish(current, on: volume, from: .recover) { _ in }
    }

    /// Goes on with deletions that failed, or that a crash left in phase `deleting` without an operation.
    func resumeDeletions() async throws(StorageError) {
        for volume in try await catalog.volumes() where volume.phase == .deleting {
            do {
                _ = try await delete(volume.key, withSnapshots: true)
            } catch {
                logger.warning(
                    "deleting \(volume.key) could not go on: \(error)", metadata: ["volume": "\(volume.key)"])
            }
        }
    }

    /// Notes what the pools hold of ours that the catalog does not know. Nothing is removed: it may be all that is left
    /// of a lost catalog.
    func noteOrphans() async throws(StorageError) {
        let known = Set(try await catalog.volumes().map(\.id))
        let snapshots = Set(try await catalog.allSnapshots().map(\.reference))
        for pool in pools.all {
            let inventory = try await pool.backend.inventory()
            let unknown =
                inventory.volumes.filter { !known.contains($0.identity.id) }.map {
                    "\($0.identity.key) (\($0.identity.id))"
                }
                + inventory.snapshots.filter { !snapshots.contains($0) }.map { "\($0.volume.key)@\($0.name)" }
            orphans.withLock { $0[pool.name] = unknown }
            for name in unknown {
                logger.warning(
                    "the pool \(pool.name) holds storage that is not in the catalog, it is left alone: \(name)")
            }
        }
    }
}
