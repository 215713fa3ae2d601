import Catalog
import Diagnosis
import FoundationEssentials
import HostTools
import Logging
import NFSExports
import NodeAPI
import NodeHTTP
import Provisioning
import ServiceLifecycle
import StorageBackends
import StorageCore

extension StorageNode {
    /// The parts that touch the world, real or simulated.
    private struct World {
        var pools: [Pool]
        var filesystem: any VolumeFilesystem
        var server: Server
        /// Remembers which it is; a simulated one is forgotten.
        var keepChoice: @Sendable () throws(StorageError) -> Void = { () throws(StorageError) in }
        var growthRefusals: [FilesystemKind: String] = [:]
        var adoption: AdoptionSources?
    }

    /// Wires the node; touches nothing but the state directory.
    /// Throws `unavailable` naming the packages to install if tools are missing, or another daemon runs.
    static func assemble(
        _ configuration: Configuration, isSimulated: Bool, logger: Logger
    ) async throws(StorageError) -> StorageNode {
        let state = configuration.node.state
        try ensureDirectory(state)
        let lock = try InstanceLock(stateDirectory: state)
        let catalog = try Catalog(path: isSimulated ? simulatedCatalog(state) : "\(state)/catalog.sqlite")
        let world =
            isSimulated
            ? simulatedWorld(configuration) : try await realWorld(configuration, catalog, logger: logger)
        var settings = VolumeManager.Settings(paths: configuration.nfs.template)
        settings.growthRefusals = world.growthRefusals
        let manager = VolumeManager(
            pools: try Pools(world.pools), catalog: catalog, filesystem: world.filesystem,
            exporter: world.server.exporter, adoption: world.adoption, settings: settings, logger: logger)
        let notifier = ServiceNotifier.ofThisProcess
        let reconciler = Reconciler(manager: manager, logger: logger) { notifier.tell($0) }
        let facts = facts(configuration, world.server.name)
        let doctor = doctor(configuration, manager, facts.nfs, world.server.files, isUnit: notifier.isHeard)
        var services = try listeners(configuration.api, manager, facts, doctor, logger)
        if let exits = world.server.exits { services.append(ServerWatch(exits: exits, reconciler: reconciler)) }
        return StorageNode(
            lock: lock, manager: manager, reconciler: reconciler,
            keepChoice: world.keepChoice, stopServer: world.server.stop, services: services, notifier: notifier,
            logger: logger)
    }

    private static func realWorld(
        _ configuration: Configuration, _ catalog: Catalog, logger: Logger
    ) async throws(StorageError) -> World {
        let state = configuration.node.state
        let locator = ToolLocator(searchPath: ProcessInfo.processInfo.environment["PATH"] ?? "")
        let volumes = try await catalog.volumes()
        let choice = try serverChoice(configuration, hasVolumes: !volumes.isEmpty)
        let chosen = try await choose(choice, locator)
        let tools = try locateTools(configuration, chosen, locator)
        // One in creation or deletion need not have storage.
        let filled = Set(volumes.filter(\.phase.isServed).map(\.pool))
        var pools: [Pool] = []
        for pool in configuration.pools {
            pools.append(
                try self.pool(pool, tools, state: state, holdsVolumes: filled.contains(pool.name), logger: logger))
        }
        let server = try await server(chosen, configuration.nfs, state: state, tools, logger: logger)
        let filesystem = try await LinuxFilesystem.open(
            toolbox: tools, runner: SystemCommandRunner(), stateDirectory: "\(state)/filesystem",
            release: server.release, freezeGuard: GuardFreezeCommand.freezeGuard(outputFile: "\(state)/guard.out"))
        return World(
            pools: pools, filesystem: filesystem, server: server,
            keepChoice: { () throws(StorageError) in
                if let warning = choice.warning(of: chosen) { logger.warning("\(warning)") }
                try ServerRecord(stateDirectory: state).write(chosen)
            }, growthRefusals: try LinuxFilesystem.growthRefusals(),
            adoption: server.files.map {
                AdoptionSources(exports: KernelOperatorExports(files: $0), mounts: filesystem)
            })
    }

    private static func pool(
        _ pool: Configuration.Pool, _ tools: Toolbox, state: String, holdsVolumes: Bool, logger: Logger
    ) throws(StorageError) -> Pool {
        let kind = pool.backend.kind.rawValue
        switch pool.backend {
        case .loop(let directory):
            let settings = try LoopPool(
                name: pool.name, directory: directory, record: "\(state)/pools/\(pool.name).json",
                overcommit: pool.overcommit, holdsVolumes: holdsVolumes)
            return Pool(name: pool.name, backend: LoopBackend(settings) { logger.notice("\($0)") }, kind: kind)
        case .lvm(let group, let thinPool, let reserve):
            let backend = try LVMBackend(
                group: group, thinPool: thinPool, overcommit: pool.overcommit, reserve: reserve, toolbox: tools,
                runner: SystemCommandRunner())
            return Pool(name: pool.name, backend: backend, kind: kind, adopter: backend)
        }
    }

    /// What is simulated ends with the process, so its catalog does too.
    private static func simulatedCatalog(_ state: String) -> String {
        let catalog = "\(state)/simulated.sqlite"
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: catalog + suffix) }
        return catalog
    }

    private static func simulatedWorld(_ configuration: Configuration) -> World {
        let host = SimulatedHost()
        let pools = configuration.pools.map { pool in
            Pool(name: pool.name, backend: SimulatedBackend(host: host, total: .gibibytes(1 << 20)), kind: "simulated")
        }
        return World(
            pools: pools, filesystem: SimulatedFilesystem(host: host),
            server: Server(exporter: SimulatedExporter(), name: "simulated") { () async throws(StorageError) in false })
    }

    private static func serverChoice(
        _ configuration: Configuration, hasVolumes: Bool
    ) throws(StorageError) -> ServerChoice {
        let state = configuration.node.state
        let ganesha: FileFacts?
        do throws(HostError) { ganesha = try FileFacts.of(ganeshaDirectory(state)) } catch {
            throw StorageError(.unavailable, "\(error)")
        }
        return ServerChoice(
            configured: configuration.nfs.server, recorded: try ServerRecord(stateDirectory: state).read(),
            hasVolumes: hasVolumes, hasRunGanesha: ganesha != nil)
    }

    private static func locateTools(
        _ configuration: Configuration, _ server: ServerChoice.Server, _ locator: ToolLocator
    ) throws(StorageError) -> Toolbox {
        let hasLVM = configuration.pools.contains { $0.backend.kind == .lvm }
        do throws(HostError) {
            return try locator.locate(
                tools(of: server) + LinuxFilesystem.requiredTools + (hasLVM ? LVMBackend.requiredTools : []))
        } catch {
            throw StorageError(.unavailable, "\(error)")
        }
    }

    private static func ensureDirectory(_ path: String) throws(StorageError) {
        do throws(HostError) {
            try Directory.ensureExists(path, mode: 0o700)
        } catch {
            throw StorageError(.unavailable, "the directory \(path) cannot be made: \(error)")
        }
    }

    private static func facts(_ configuration: Configuration, _ server: String) -> NodeFacts {
        let nfs = configuration.nfs
        return NodeFacts(
            name: configuration.node.name.value, version: ProductVersion.text, startedAt: Date(),
            nfs: .init(server: server, address: nfs.address, port: nfs.port, mountdPort: nfs.mountdPort),
            service: NFSService(
                server: nfs.address, port: nfs.port, mountdPort: nfs.mountdPort, mountOptions: nfs.mountOptions))
    }

    private static func doctor(
        _ configuration: Configuration, _ manager: VolumeManager, _ nfs: NodeDocument.NFS, _ kernel: KernelFiles?,
        isUnit: Bool
    ) -> Doctor {
        let log = configuration.log
        return Doctor(
            manager: manager,
            settings: Doctor.Settings(
                nfs: nfs, mountOptions: configuration.nfs.mountOptions, state: configuration.node.state,
                daemon: DaemonFacts(log: log.file, errors: log.errors, isUnit: isUnit), kernel: kernel))
    }

    private static func listeners(
        _ api: Configuration.API, _ manager: VolumeManager, _ facts: NodeFacts, _ doctor: Doctor, _ logger: Logger
    ) throws(StorageError) -> [any Service] {
        try SocketPath(api.socket).claim()
        let gate = api.tokens.isEmpty ? Gate.local : .tokens(api.tokens)
        return [
            NodeService(
                listener: .socket(path: api.socket), gate: .local, manager: manager, facts: facts,
                diagnose: doctor.examine,
                logger: logger),
            NodeService(
                listener: .address(host: api.listen.host, port: Int(api.listen.port)), gate: gate, manager: manager,
                facts: facts, diagnose: doctor.examine, logger: logger),
        ]
    }
}
