import HostTools
import Logging
import ServiceLifecycle
import StorageCore

/// Everything the daemon is made of, wired in `assemble` (Composition.swift) and nowhere else.
struct StorageNode {
    let lock: InstanceLock
    let services: [any Service]
    let notifier: ServiceNotifier
    /// Remembers which NFS server serves the volumes.
    let keepChoice: @Sendable () throws(StorageError) -> Void
    /// Lets operations come to their end, for so long at most.
    let windDown: @Sendable (Duration) async -> Void
    /// Takes the node out of service; the daemon's own end does not. Answers how many volumes were unmounted, and whether the NFS
    /// server goes on with what others export.
    let retire: @Sendable () async throws(StorageError) -> (count: Int, serverGoesOn: Bool)
    let logger: Logger

    /// How long the daemon's end waits for operations; below what service managers wait (systemd.service(5),
    /// TimeoutStopSec).
    private static let patience = Duration.seconds(10)

    /// Serves until SIGTERM or SIGINT, then lets what runs come to its end for ten seconds.
    func run(reopening logs: LogFiles) async throws {
        try keepChoice()
        let all: [any Service] = services + [LogReopening(files: logs)]
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: all.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
        do {
            try await group.run()
        } catch {
            notifier.stopping()
            await windDown(Self.patience)
            throw error
        }
        notifier.stopping()
        await windDown(Self.patience)
    }

    private var quiet: Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }
}
