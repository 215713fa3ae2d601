import Catalog
import HostTools
import Logging
import NodeHTTP
import Provisioning
import ServiceLifecycle
import StorageCore

/// Everything the daemon is made of, wired in `assemble` (Composition.swift) and nowhere else.
struct StorageNode {
    let lock: InstanceLock
    let manager: VolumeManager
    let reconciler: Reconciler
    /// Remembers which NFS server serves the volumes.
    let keepChoice: @Sendable () throws(StorageError) -> Void
    /// Stops the NFS server; the daemon's own end does not. Answers whether it goes on, with what others export.
    let stopServer: @Sendable () async throws(StorageError) -> Bool
    let services: [any Service]
    let notifier: ServiceNotifier
    let logger: Logger

    /// How long the daemon's end waits for operations; below what service managers wait (systemd.service(5),
    /// TimeoutStopSec).
    private static let patience = Duration.seconds(10)

    /// Serves until SIGTERM or SIGINT, then lets what runs come to its end for ten seconds.
    func run(reopening logs: LogFiles) async throws {
        try keepChoice()
        let all: [any Service] = services + [LogReopening(files: logs), reconciler]
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: all.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
        do {
            try await group.run()
        } catch {
            notifier.stopping()
            await manager.windDown(patience: Self.patience)
            throw error
        }
        notifier.stopping()
        await manager.windDown(patience: Self.patience)
    }

    /// Lets writes go on that a killed daemon held back, and stops NFS before it unmounts, so that no client holds what
    /// is then unmounted. Answers how many volumes were unmounted, and whether the server goes on with what others export.
    func retire() async throws(StorageError) -> (count: Int, serverGoesOn: Bool) {
        do throws(StorageError) {
            try await manager.thawAll()
        } catch {
            // One that cannot be thawed is no reason to leave the others served; unmounting tells what is wrong with it.
            logger.error("a volume's writes could not be let go on: \(error)")
        }
        let serverGoesOn = try await stopServer()
        return (try await manager.unmountAll(), serverGoesOn)
    }

    private var quiet: Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }
}
