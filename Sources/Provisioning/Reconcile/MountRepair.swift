import Logging
import StorageCore

/// Mounts what is to be mounted and is not, and says of each volume whether that worked.
struct MountRepair {
    let manager: VolumeManager
    let logger: Logger

    /// How many volumes are mounted at once at most: enough to keep a disk busy, few enough to leave the node
    /// responsive.
    private static let width = 8

    /// Sets all volumes right that `observation`, which is a moment old, shows wrong; answers how many it mounted.
    func all(_ observation: Observation) async -> Int {
        var missing: [Volume] = []
        for volume in observation.volumes where volume.phase.isServed {
            switch observation.place(of: volume) {
            case .missing: missing.append(volume)
            case .own where volume.phase == .ready:
                await report(volume, Self.condition(observation.failure(of: volume)))
            case .own: break
            case .unknown:
                let reason = observation.silentPools[volume.pool] ?? ""
                await report(
                    volume, .abnormal("it is not mounted, and its pool \(volume.pool) does not answer: \(reason)"))
            case .foreign(let device):
                await reportForeign(device, at: volume)
            }
        }
        // Someone works on the others: they know best, and the next look comes soon.
        let held = missing.filter { manager.lock.tryAcquire($0.key) }
        await activate(held)
        return await concurrently(held, width: Self.width) { volume in
            defer { manager.lock.release([volume.key]) }
            return await remount(volume)
        }.count { $0 }
    }

    /// All of a pool at once. One that cannot be activated is told of when it is mounted.
    private func activate(_ volumes: [Volume]) async {
        for (name, part) in Dictionary(grouping: volumes, by: \.pool) where part.count > 1 {
            guard let pool = try? manager.pools[name] else { continue }
            _ = await pool.backend.activate(part.map(\.identity))
        }
    }

    /// A filesystem that has failed is told of and left mounted. Mounted anew below the same NFS server it would lose
    /// what clients have written and not yet synced, and they would not notice: the server's write verifier stays.
    private static func condition(_ failure: String?) -> Condition {
        guard let failure else { return .normal }
        return .abnormal(
            "its filesystem has shut itself down after I/O errors: \(failure); see the kernel's log (dmesg), mend the "
                + "storage, then run convert2nfsd retire and start the daemon: that replays the log and restarts the NFS server"
        )
    }

    /// The caller holds its lock.
    private func remount(_ listed: Volume) async -> Bool {
        do throws(StorageError) {
            guard let volume = try await manager.catalog.volume(listed.key), volume.phase.isServed else { return false }
            // What was seen is a moment old: an operation may have mounted it since.
            guard try await manager.filesystem.mounted(at: volume.path) == nil else { return false }
            // The server may still hold the filesystem that was there: a mount below a live export is not seen by it.
            if try await manager.exports.isRunning() { _ = try await manager.exports.withdraw(volume.export) }
            guard try await manager.executor.performer.mount(volume) == .changed else { return false }
            if manager.isReady { _ = try await manager.exports.ensure(volume.export) }
            logger.notice("\(volume.path) was not mounted; mounted it", metadata: ["volume": "\(volume.key)"])
            return true
        } catch {
            await report(listed, .abnormal("it cannot be mounted: \(error.message)"))
            return false
        }
    }

    /// One that is being adopted is not known by its pool yet; where that was interrupted, it is to go on.
    private func reportForeign(_ device: DevicePath, at volume: Volume) async {
        guard manager.lock.tryAcquire(volume.key) else { return }
        defer { manager.lock.release([volume.key]) }
        guard let seen = try? await manager.observer.look(), seen.place(of: volume) == .foreign(device) else { return }
        let isItself = (try? await manager.filesystem.identify(device))?.id == volume.id
        let message =
            isItself
            ? "\(volume.path) has \(device) mounted, which is not marked as its storage: an adoption was interrupted; ask for it "
                + "again (convert2nfs adopt \(volume.key))"
            : "\(volume.path) has \(device) mounted, which is not the volume's device; unmount it"
        await report(volume, .abnormal(message))
    }

    /// Keeps the condition, and logs it when it changes.
    private func report(_ volume: Volume, _ condition: Condition) async {
        guard volume.condition != condition else { return }
        let text = condition.abnormal ? "is not as it should be: \(condition.message)" : "is as it should be again"
        logger.warning("the volume \(volume.key) \(text)", metadata: ["volume": "\(volume.key)"])
        do throws(StorageError) {
            try await manager.catalog.setCondition(condition, of: volume.key, while: volume.phase)
        } catch {
            logger.error("the condition of \(volume.key) could not be written: \(error)")
        }
    }
}
