import Catalog
import Logging
import ServiceLifecycle
import StorageCore
import Synchronization

/// Keeps the node as its catalog says: brings everything back at start, exports last, and repairs drift.
package final class Reconciler: Service {
    private let manager: VolumeManager
    private let pace: Mutex<Pace>
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let tell: @Sendable (Progress) -> Void
    private let wakeups: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation
    private let serverEnded = Flag()
    /// What `bring` saw, for the first pass.
    private let brought = Mutex<Observation?>(nil)
    /// Until when a pool is waited for before the NFS server is started without its volumes.
    private let poolDeadline: ContinuousClock.Instant
    /// What something holds up is tried again, not so often that it fills the journal.
    private let retryPause: Pause<VolumeKey>
    /// It may take long for each of them, and nothing else waits for it.
    private let retries = SideWork<VolumeKey>(width: 4)

    /// What becomes of the node, for whoever started it.
    package enum Progress: Hashable, Sendable {
        /// It has started; told once.
        case ready
        /// The last look at it failed.
        case failing(String)
        /// The last look at it was well again.
        case recovered
    }

    package init(
        manager: VolumeManager, interval: Duration = .seconds(2), clock: any Clock<Duration> = ContinuousClock(),
        retryPause: Backoff = Backoff(shortest: .seconds(2), longest: .seconds(30)), logger: Logger,
        tell: @escaping @Sendable (Progress) -> Void = { _ in }
    ) {
        self.manager = manager
        pace = Mutex(Pace(shortest: interval))
        self.clock = clock
        self.retryPause = Pause(retryPause)
        self.logger = logger
        self.tell = tell
        poolDeadline = .now + manager.settings.poolPatience
        (wakeups, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// The NFS server, or a part it needs, has ended: it is brought back now and not at the next look.
    package func serverHasEnded() {
        serverEnded.raise()
        wake.yield()
    }

    /// Runs until the program shuts down. Volumes, mounts and exports stay as they are then: the data path outlives us.
    package func run() async throws {
        let ticker = Task {
            while !Task.isCancelled {
                wake.yield()
                try await clock.sleep(for: pause)
            }
        }
        defer { ticker.cancel() }
        let upkeep = Upkeep(manager, clock: clock, logger: logger)
        var isFailing = false
        for await _ in wakeups.cancelOnGracefulShutdown() {
            let begin = ContinuousClock.now
            do throws(StorageError) {
                try await pass()
                pace.withLock { $0.note(ContinuousClock.now - begin) }
                if isFailing { tell(.recovered) }
                isFailing = false
                upkeep.begin()
            } catch {
                logger.error(
                    "\(manager.isReady ? "reconciling" : "starting") failed, trying again in \(pause): \(error)")
                tell(.failing(error.message))
                isFailing = true
            }
        }
        await retries.end()
        await upkeep.end()
    }

    private var pause: Duration { pace.withLock(\.pause) }

    /// One look: the whole start until it has succeeded once, then the repair of drift.
    package func pass() async throws(StorageError) {
        if manager.isReady {
            try await repair()
        } else {
            try await start()
        }
    }

    private func start() async throws(StorageError) {
        let begin = ContinuousClock.now
        let before = brought.withLock { $0.take() }
        let seen: Observation = if let before { before } else { try await look() }
        try await manager.recoverOperations(reversibleOnly: false)
        try await manager.noteOrphans()
        manager.markReady()
        tell(.ready)
        logger.notice("the node is ready", metadata: ["duration": "\(milliseconds(ContinuousClock.now - begin))"])
        try await retry(seen)
    }

    /// The part of the start that clients wait for: all volumes are mounted, and exported by a server that runs. Changes are refused
    /// yet; the rest is for the first pass.
    package func bring() async throws(StorageError) {
        let seen = try await look()
        brought.withLock { $0 = seen }
    }

    /// Mounts and exports what it sees.
    private func look() async throws(StorageError) -> Observation {
        let begin = ContinuousClock.now
        try await manager.recoverOperations(reversibleOnly: true)
        let seen = try await manager.observer.look()
        try await waitForPools(seen)
        let repaired = await MountRepair(manager: manager, logger: logger).all(seen)
        let exports = try await lookingAtServer { () async throws(StorageError) in try await serveAll() }
        logger.notice(
            "\(repaired) volumes mounted, exports \(exports.rawValue)",
            metadata: ["duration": "\(milliseconds(ContinuousClock.now - begin))"])
        return seen
    }

    /// At boot disks come up one by one. A server that starts without a volume tells its clients that their files are gone
    /// (ESTALE), for good; while no server runs, they wait. So it is not started for a while without a pool that holds
    /// volumes.
    private func waitForPools(_ seen: Observation) async throws(StorageError) {
        let missing = Set(seen.volumes.filter { $0.phase.isServed && seen.place(of: $0) == .unknown }.map(\.pool))
        // One that the configuration does not name will not answer.
        guard let pool = missing.intersection(manager.pools.all.map(\.name)).min(), ContinuousClock.now < poolDeadline,
            try await !manager.exports.isRunning()
        else { return }
        throw StorageError(
            .unavailable,
            "its volumes are to be served, and the pool \(pool) does not answer yet: \(seen.silentPools[pool] ?? "")",
            resource: "pools/\(pool)")
    }

    /// Goes on, beside the pass, with operations that something holds up, with deletions that failed, and with what failed snapshots
    /// left.
    private func retry(_ seen: Observation) async throws(StorageError) {
        for operation in try await manager.leftOperations(reversibleOnly: false) {
            retry(operation.subject) { await $0.resume(operation) }
        }
        for volume in seen.volumes where volume.phase == .deleting && !seen.isBusy(volume.identity) {
            retry(volume.key) { await $0.resumeDeletion(of: volume.identity) }
        }
        for snapshot in try await manager.catalog.unreadySnapshots() where !seen.isBusy(snapshot.origin) {
            retry(snapshot.key.volume) { await $0.resumeUndoing(of: snapshot.key) }
        }
    }

    private func retry(_ key: VolumeKey, _ work: @escaping @Sendable (VolumeManager) async -> Void) {
        guard retryPause.isOver(for: key) else { return }
        _ = retries.begin(key) { [manager, retryPause] in
            await work(manager)
            // Of its end: what takes longer than the pause would leave the others no room.
            retryPause.note(key)
        }
    }

    /// One export that the server refuses keeps nobody else from being served, and the node from nothing. A server that
    /// does not run does.
    private func serveAll() async throws(StorageError) -> Outcome {
        do throws(StorageError) {
            return try await manager.exports.serveAll()
        } catch {
            guard error.code != .unavailable else { throw error }
            logger.error("the NFS server refuses an export, the others are served: \(error)")
            return .changed
        }
    }

    /// Keeps what `body` finds of the NFS server for whoever asks whether the node is ready. A refusal is an answer.
    private func lookingAtServer<Value>(
        _ body: () async throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        do throws(StorageError) {
            let value = try await body()
            manager.noteServer(nil)
            return value
        } catch {
            manager.noteServer(error.code == .unavailable ? error : nil)
            throw error
        }
    }

    private func repair() async throws(StorageError) {
        let seen = try await manager.observer.look()
        try await retry(seen)
        _ = await MountRepair(manager: manager, logger: logger).all(seen)
        try await lookingAtServer { () async throws(StorageError) in try await repairExports(seen) }
    }

    private func repairExports(_ seen: Observation) async throws(StorageError) {
        if serverEnded.isRaised {
            // Lowered before: an end that comes while it is brought back is another one.
            serverEnded.lower()
            do throws(StorageError) {
                _ = try await serveAll()
            } catch {
                serverEnded.raise()
                throw error
            }
        }
        try await ExportRepair(manager: manager, logger: logger).all(seen)
    }
}
