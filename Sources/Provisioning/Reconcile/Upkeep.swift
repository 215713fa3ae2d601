import Logging
import StorageCore
import Synchronization

/// What is done beside what is asked, for as long as volumes are served: what pools do by themselves, and giving back to them what
/// filesystems have freed.
final class Upkeep: Sendable {
    private let manager: VolumeManager
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let work = Mutex<[Task<Void, Never>]?>(nil)
    /// Of the interval: when the first time is. A daemon that is started every day has its turn, too.
    private static let firstShare = 24

    init(_ manager: VolumeManager, clock: any Clock<Duration>, logger: Logger) {
        self.manager = manager
        self.clock = clock
        self.logger = logger
    }

    /// Once; later calls do nothing.
    func begin() {
        work.withLock { work in
            guard work == nil else { return }
            work = manager.pools.all.flatMap { pool in
                let maintenance = pool.maintenance.map { maintenance in Task { await maintenance.run() } }
                let trims = pool.trimInterval.map { interval in Task { await trim(pool.name, every: interval) } }
                return [maintenance, trims].compactMap(\.self)
            }
        }
    }

    /// Nothing of it goes on when this returns.
    func end() async {
        let tasks = work.withLock { work in
            defer { work = [] }
            return work ?? []
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    private func trim(_ pool: PoolName, every interval: Duration) async {
        var pause = interval / Self.firstShare
        while (try? await clock.sleep(for: pause)) != nil {
            pause = interval
            do throws(StorageError) {
                let sum = try await manager.trim(pool)
                logger.info(
                    "filesystems have given back what they had freed", metadata: ["pool": "\(pool)", "bytes": "\(sum)"])
            } catch {
                logger.warning("the volumes of the pool \(pool) could not be trimmed: \(error)")
            }
        }
    }
}
