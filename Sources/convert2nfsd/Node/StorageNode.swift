import Catalog
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
    /// Stops the NFS server; the daemon's own end does not.
    let stopServer: @Sendable () async throws(StorageError) -> Void
    let services: [any Service]
    let logger: Logger

    /// Serves until SIGTERM or SIGINT.
    func run(reopening logs: LogFiles) async throws {
        let all: [any Service] = services + [LogReopening(files: logs), reconciler]
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: all.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
        try await group.run()
    }

    /// Stops NFS first, so that no client holds what is then unmounted. Answers how many volumes were unmounted.
    func retire() async throws(StorageError) -> Int {
        try await stopServer()
        return try await manager.unmountAll()
    }

    private var quiet: Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }
}
