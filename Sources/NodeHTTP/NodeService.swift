import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Provisioning
import ServiceLifecycle
import StorageCore

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The REST API on one listener.
package struct NodeService: Service {
    package enum Listener: Sendable {
        case address(host: String, port: Int)
        /// Made with mode 0600; one that a dead daemon left is replaced.
        case socket(path: String)
    }

    /// What one listener lets its callers take.
    package struct Limits: Sendable {
        /// Connections at once; more wait in the kernel's queue until one ends.
        package var connections = 512
        /// Whoever connects and says nothing does not keep a descriptor for ever.
        package var idleTimeout: Duration = .seconds(120)

        package init() {}
    }

    private let application: Application<RouterResponder<BasicRequestContext>>
    /// Where it listens, and the key of the configuration that says so.
    private let place: String

    package init(
        listener: Listener, gate: Gate, managers: ManagerSource, facts: NodeFacts, diagnose: @escaping Diagnose,
        pair: (any PairNode)? = nil, logger: Logger, limits: Limits = Limits()
    ) {
        // The framework tells of every connection; what operators want to know, we log ourselves.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let address: BindAddress
        switch listener {
        case .address(let host, let port):
            (address, place) = (.hostname(host, port: port), "\(host):\(port) (api.listen)")
        case .socket(let path): (address, place) = (.unixDomainSocket(path: path), "\(path) (api.socket)")
        }
        application = Application(
            responder: Self.router(
                gate: gate, managers: managers, facts: facts, diagnose: diagnose, pair: pair, logger: logger
            ).buildResponder(),
            server: .http1(configuration: .init(idleTimeout: TimeAmount(limits.idleTimeout))),
            configuration: ApplicationConfiguration(
                address: address, serverName: "convert2nfs",
                availableConnectionsDelegate: MaximumAvailableConnections(limits.connections, logger: quiet)),
            onServerRunning: { _ in if case .socket(let path) = listener { chmod(path, 0o600) } }, logger: quiet)
    }

    /// Throws `unavailable` if it cannot listen where it is to.
    package func run() async throws {
        do {
            try await application.run()
        } catch let error as IOError where [EADDRINUSE, EADDRNOTAVAIL, EACCES].contains(error.errnoCode) {
            let reason = String(cString: strerror(error.errnoCode))
            throw StorageError(
                .unavailable,
                "the API cannot listen at \(place): \(reason); see who does with \"ss -ltnp\", or choose another place")
        }
    }

    static func router(
        gate: Gate, managers: ManagerSource, facts: NodeFacts, diagnose: @escaping Diagnose,
        pair: (any PairNode)? = nil, logger: Logger
    ) -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: ProblemMiddleware(logger: logger))
        HealthRoutes(managers: managers).add(to: router)
        OpenAPIRoutes(version: facts.version).add(to: router)
        let guarded = router.group().add(middleware: GateMiddleware(gate: gate, logger: logger))
        VolumeRoutes(managers: managers, facts: facts).add(to: guarded)
        SnapshotRoutes(managers: managers).add(to: guarded)
        NodeRoutes(managers: managers, facts: facts).add(to: guarded)
        DiagnosisRoute(diagnose: diagnose).add(to: guarded)
        PairRoutes(node: pair).addStatus(to: guarded)
        let administered = router.group().add(middleware: GateMiddleware(gate: gate, logger: logger, least: .admin))
        CatalogRoute(managers: managers).add(to: administered)
        AdoptionRoute(managers: managers).add(to: administered)
        PairRoutes(node: pair).addCommands(to: administered)
        return router
    }
}
