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
        var trimmer: (any FilesystemTrimmer)?
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
        let notifier = ServiceNotifier.ofThisProcess
        if let cluster = configuration.cluster, !isSimulated {
            return try await assemble(configuration, cluster, lock: lock, notifier: notifier, logger: logger)
        }
        let catalog = isSimulated ? simulatedCatalog(state) : "\(state)/catalog.sqlite"
        let part = try await servingPart(configuration, catalog: catalog, isSimulated: isSimulated, logger) {
            notifier.tell($0)
        }
        let facts = facts(configuration, part.server.name)
        let managers = ManagerSource(part.manager)
        let doctor = doctor(configuration, managers, facts.nfs, part.server.files, isUnit: notifier.isHeard)
        let faces = Faces(managers: managers, facts: facts, diagnose: doctor.examine)
        var services = try listeners(configuration.api, faces, logger) + [part.reconciler]
        if let exits = part.server.exits { services.append(ServerWatch(exits: exits, reconciler: part.reconciler)) }
        return StorageNode(
            lock: lock, services: services, notifier: notifier, keepChoice: part.keepChoice,
            windDown: { await part.manager.windDown(patience: $0) }, retire: part.retire, logger: logger)
    }

    /// What serves the volumes that the catalog at that path knows.
    static func servingPart(
        _ configuration: Configuration, catalog path: String, isSimulated: Bool = false, server: Server? = nil,
        ahead: [Pool] = [], shared: RBDShared? = nil, replicate: (@Sendable () async -> Void)? = nil, _ logger: Logger,
        tell: @escaping @Sendable (Reconciler.Progress) -> Void = { _ in }
    ) async throws(StorageError) -> ServingPart {
        let catalog = try Catalog(path: path)
        let world =
            isSimulated
            ? simulatedWorld(configuration)
            : try await realWorld(configuration, catalog, server, ahead, shared, logger: logger)
        var settings = VolumeManager.Settings(paths: configuration.nfs.template)
        settings.growthRefusals = world.growthRefusals
        settings.replicate = replicate
        settings.trimmer = world.trimmer
        let manager = VolumeManager(
            pools: try Pools(world.pools), catalog: catalog, filesystem: world.filesystem,
            exporter: world.server.exporter, adoption: world.adoption, settings: settings, logger: logger)
        return ServingPart(
            catalog: catalog, manager: manager,
            reconciler: Reconciler(manager: manager, logger: logger, tell: tell), server: world.server,
            keepChoice: world.keepChoice, logger: logger)
    }

    private static func realWorld(
        _ configuration: Configuration, _ catalog: Catalog, _ given: Server?, _ ahead: [Pool],
        _ shared: RBDShared?, logger: Logger
    ) async throws(StorageError) -> World {
        let state = configuration.node.state
        let volumes = try await catalog.volumes()
        let choice = try serverChoice(configuration, hasVolumes: !volumes.isEmpty)
        // A pair's is there before its catalog.
        let chosen = given == nil ? try await choose(choice, locator) : .kernel
        if configuration.usesRBD { await loadRBD() }
        let tools = try locateTools(configuration, chosen, locator)
        // One in creation or deletion need not have storage.
        let filled = Set(volumes.filter(\.phase.isServed).map(\.pool))
        var pools: [Pool] = []
        for pool in configuration.pools {
            if let known = ahead.first(where: { $0.name == pool.name }) {
                pools.append(known)
                continue
            }
            pools.append(
                try self.pool(
                    pool, tools, state: state, holdsVolumes: filled.contains(pool.name),
                    devices: devices(configuration), shared: shared, logger: logger))
        }
        let server: Server
        if let given {
            server = given
        } else {
            server = try await self.server(chosen, configuration.nfs, state: state, tools, logger: logger)
        }
        let filesystem = try await LinuxFilesystem.open(
            toolbox: tools, runner: SystemCommandRunner(), stateDirectory: "\(state)/filesystem",
            release: server.release, freezeGuard: GuardFreezeCommand.freezeGuard(outputFile: "\(state)/guard.out"))
        return World(
            pools: pools, filesystem: filesystem, server: server,
            keepChoice: { () throws(StorageError) in
                if let warning = choice.warning(of: chosen) { logger.warning("\(warning)") }
                try ServerRecord(stateDirectory: state).write(chosen)
            }, growthRefusals: try LinuxFilesystem.growthRefusals(), trimmer: filesystem,
            adoption: server.files.map {
                AdoptionSources(exports: KernelOperatorExports(files: $0), mounts: filesystem)
            })
    }

    /// The pools that need no catalog to be made.
    static func poolsAhead(
        _ configuration: Configuration, shared: RBDShared?, logger: Logger
    ) throws(StorageError) -> [Pool] {
        let tools = try locateTools(configuration, .kernel, locator)
        var pools: [Pool] = []
        for pool in configuration.pools where pool.backend.kind != .loop {
            pools.append(
                try self.pool(
                    pool, tools, state: configuration.node.state, holdsVolumes: false, devices: devices(configuration),
                    shared: shared, logger: logger))
        }
        return pools
    }

    /// What LVM is to look for a pair's volume group at.
    private static func devices(_ configuration: Configuration) -> [String] {
        configuration.cluster?.replication.device.map { [$0] } ?? []
    }

    private static func pool(
        _ pool: Configuration.Pool, _ tools: Toolbox, state: String, holdsVolumes: Bool, devices: [String],
        shared: RBDShared?, logger: Logger
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
                group: group, thinPool: thinPool, overcommit: pool.overcommit, reserve: reserve,
                devices: devices, toolbox: tools, runner: SystemCommandRunner())
            return Pool(
                name: pool.name, backend: backend, kind: kind, adopter: backend, reader: backend.reader,
                trimInterval: pool.trimInterval)
        case .rbd(let place):
            let backend = try RBDBackend(
                place, overcommit: pool.overcommit, shared: shared, toolbox: tools, runner: SystemCommandRunner())
            return Pool(
                name: pool.name, backend: backend, kind: kind, maintenance: backend.maintenance,
                trimInterval: pool.trimInterval)
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
        let kinds = Set(configuration.pools.map(\.backend.kind))
        do throws(HostError) {
            return try locator.locate(
                tools(of: server) + LinuxFilesystem.requiredTools + kinds.flatMap(tools(of:)))
        } catch {
            throw StorageError(.unavailable, "\(error)")
        }
    }

    private static func tools(of kind: Configuration.Backend.Kind) -> [ToolName] {
        switch kind {
        case .loop: []
        case .lvm: LVMBackend.requiredTools
        case .rbd: RBDBackend.requiredTools + (RBDBackend.isInKernel ? [] : RBDBackend.requiredToolsWithoutKernel)
        }
    }

    /// What a kernel lacks is found out when it is looked for.
    static func loadRBD() async {
        guard let tools = try? locator.locate([.modprobe]) else { return }
        await RBDBackend.loadModules(tools, SystemCommandRunner())
    }

    /// Finds tools by PATH; those of ours beside this program too.
    static var locator: ToolLocator {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let own = Directory.realPath("/proc/self/exe").flatMap { program in
            program.lastIndex(of: "/").map { ":\(program[..<$0])" }
        }
        return ToolLocator(searchPath: path + (own ?? ""))
    }

    static func ensureDirectory(_ path: String) throws(StorageError) {
        do throws(HostError) {
            try Directory.ensureExists(path, mode: 0o700)
        } catch {
            throw StorageError(.unavailable, "the directory \(path) cannot be made: \(error)")
        }
    }

    static func facts(_ configuration: Configuration, _ server: String) -> NodeFacts {
        let nfs = configuration.nfs
        return NodeFacts(
            name: configuration.node.name.value, version: ProductVersion.text, startedAt: Date(),
            nfs: .init(server: server, address: nfs.address, port: nfs.port, mountdPort: nfs.mountdPort),
            pools: configuration.pools.map(\.name),
            service: NFSService(
                server: nfs.address, port: nfs.port, mountdPort: nfs.mountdPort, mountOptions: nfs.mountOptions))
    }

    static func doctor(
        _ configuration: Configuration, _ managers: ManagerSource, _ nfs: NodeDocument.NFS, _ kernel: KernelFiles?,
        isUnit: Bool, pair: (any PairNode)? = nil
    ) -> Doctor {
        let log = configuration.log
        return Doctor(
            managers: managers,
            settings: Doctor.Settings(
                nfs: nfs, mountOptions: configuration.nfs.mountOptions, state: configuration.node.state,
                daemon: DaemonFacts(log: log.file, errors: log.errors, isUnit: isUnit), kernel: kernel),
            pair: pair)
    }

    /// What the listeners show.
    struct Faces {
        let managers: ManagerSource
        let facts: NodeFacts
        let diagnose: Diagnose
        var pair: (any PairNode)?
        /// Of the pair's nodes.
        var credentials: [Credential] = []
    }

    static func listeners(
        _ api: Configuration.API, _ faces: Faces, _ logger: Logger
    ) throws(StorageError) -> [any Service] {
        try SocketPath(api.socket).claim()
        let credentials = api.tokens + faces.credentials
        func service(_ listener: NodeService.Listener, _ gate: Gate) -> NodeService {
            NodeService(
                listener: listener, gate: gate, managers: faces.managers, facts: faces.facts, diagnose: faces.diagnose,
                pair: faces.pair, logger: logger)
        }
        return [
            service(.socket(path: api.socket), .local),
            service(
                .address(host: api.listen.host, port: Int(api.listen.port)),
                credentials.isEmpty ? .local : .tokens(credentials)),
        ]
    }
}
