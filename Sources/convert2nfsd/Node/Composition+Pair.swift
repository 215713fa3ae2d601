import FoundationEssentials
import HighAvailability
import HostTools
import Logging
import NodeAPI
import NodeHTTP
import Provisioning
import ServiceLifecycle
import StorageBackends
import StorageCore

extension StorageNode {
    /// Wires a node of a pair: what decides runs all the time, what serves only while the node is primary.
    static func assemble(
        _ configuration: Configuration, _ cluster: Configuration.Cluster, lock: InstanceLock,
        notifier: ServiceNotifier, logger: Logger
    ) async throws(StorageError) -> StorageNode {
        let pair = try await Pair(configuration, cluster, notifier, logger: logger)
        let paired = pair.paired
        let facts = facts(configuration, "kernel")
        let managers = paired.managers
        let doctor = doctor(
            configuration, managers, facts.nfs, pair.server.files, isUnit: notifier.isHeard, pair: pair.driver)
        let credential = Credential(name: "pair", role: .admin, hash: TokenHash(of: pair.secret))
        let faces = Faces(
            managers: managers, facts: facts, diagnose: doctor.examine, pair: pair.driver, credentials: [credential])
        let runner = PairRunner(
            driver: pair.driver, link: pair.link, addresses: pair.others, secret: pair.secret,
            closing: { await pair.etcd?.close() },
            prepare: {
                await pair.storage.prepare()
                do throws(StorageError) { try await pair.server.prepare?() } catch {
                    logger.warning("the NFS server's helpers are started when the node is to serve: \(error)")
                }
            },
            started: { notifier.readyAsMember() })
        return StorageNode(
            lock: lock, services: try listeners(configuration.api, faces, logger) + [runner], notifier: notifier,
            keepChoice: { () throws(StorageError) in }, windDown: { await paired.windDown(patience: $0) },
            retire: { () async throws(StorageError) in
                try pair.files.write(marker: nil)
                let before = mountCount(configuration)
                try await pair.stack.retire()
                return (before - mountCount(configuration), false)
            }, logger: logger)
    }

    private static func mountCount(_ configuration: Configuration) -> Int {
        // The table has paths without symbolic links.
        let root = Directory.realPath(configuration.nfs.template.root) ?? configuration.nfs.template.root
        return ((try? MountTable.current()) ?? []).count { $0.mountPoint.hasPrefix(root + "/") }
    }

    /// The parts of a pair's node.
    private struct Pair: Sendable {
        let driver: PairDriver
        let stack: ServiceStack
        let paired: PairedService
        let link = PeerLink()
        let server: Server
        let storage: PairStorage
        let files: PairFiles
        let etcd: EtcdArbiter?
        let secret: String
        /// Where the other node's API is.
        let others: [ServerAddress]

        init(
            _ configuration: Configuration, _ cluster: Configuration.Cluster, _ notifier: ServiceNotifier,
            logger: Logger
        ) async throws(StorageError) {
            let state = configuration.node.state
            let volatile = "/run/convert2nfs"
            try StorageNode.ensureDirectory(volatile)
            guard let own = cluster.member(configuration.node.name), let other = cluster.other(than: own.name) else {
                throw StorageError(.internal, "the cluster has not two nodes")
            }
            secret = try Self.secret(cluster.secret)
            let tools = try Self.tools(cluster.replication.method)
            let runner = SystemCommandRunner()
            let shared = "\(state)/shared"
            let server = try await StorageNode.pairServer(
                configuration.nfs, cluster, state: state, shared: shared, logger)
            self.server = server
            let replicate = LateHook()
            if configuration.usesRBD { await StorageNode.loadRBD() }
            let common = try Self.commonStorage(configuration, own.name, other.name, secret, tools)
            let ahead = PoolsAhead { () throws(StorageError) in
                try StorageNode.poolsAhead(configuration, shared: common, logger: logger)
            }
            paired = PairedService(logger: logger) { () async throws(StorageError) in
                try await StorageNode.servingPart(
                    configuration, catalog: "\(shared)/catalog.sqlite", server: server, ahead: ahead.take(),
                    shared: common,
                    replicate: { await replicate() },
                    logger)
            }
            let address = try ClientAddress(configuration.nfs.address)
            let place = PairStorage.Place(
                configuration: configuration, cluster: cluster, own: own, other: other, shared: shared, secret: secret,
                tools: tools, systemctl: Self.systemctl, program: try Self.program(), logger: logger)
            storage = try Self.makeStorage(place, common, serving: paired, ahead: ahead)
            let etcd = cluster.arbiter.map { EtcdArbiter($0, node: own.name, address: address) }
            self.etcd = etcd
            let arbiter: (any Arbiter)? = etcd ?? storage.arbiter
            let mandate = arbiter.map { MandateKeeper(term: $0.term) }
            let port = try ServicePort(
                address: address, ports: Self.ports(configuration), nfsPort: configuration.nfs.port,
                connections: "\(shared)/connections.json", mandate: mandate, toolbox: tools, runner: runner,
                logger: logger)
            // Nobody is let in before it is known who serves; the service that an earlier life left up goes on.
            files = PairFiles(state: state, volatile: volatile)
            if files.isServing { port.adopt() } else { try await port.shut() }
            stack = Self.stack(storage, paired, server, port, address)
            let settings = KeepalivedSettings(
                node: own.name, priority: own.priority, address: address, prefixLength: cluster.prefixLength,
                interface: cluster.interface, routerID: cluster.routerID,
                advertCentiseconds: cluster.advertCentiseconds, events: "\(volatile)/vrrp",
                fitness: "\(volatile)/fitness")
            let keepalived = try Keepalived(
                settings, output: "\(state)/keepalived.log", toolbox: tools, systemctl: Self.systemctl, runner: runner,
                logger: logger)
            let fence = cluster.fence.map {
                FenceCommand($0.command, of: other.name, deadline: .seconds($0.seconds), runner: runner)
            }
            let arbitration = mandate.flatMap { mandate in
                arbiter.map { arbiter in
                    Arbitration(arbiter: arbiter, mandate: mandate) { () async throws(StorageError) in
                        try await port.extend()
                    }
                }
            }
            driver = try PairDriver(
                PairParts(
                    node: own.name, otherName: other.name, peer: link, replication: storage.replication,
                    following: storage.following, address: keepalived,
                    fence: fence, storageShutsOut: storage.shutsOut, arbitration: arbitration, service: stack,
                    shut: { () async throws(StorageError) in try await port.keepShut() },
                    lookAtRoom: { () async throws(StorageError) in try await StateRoom(of: shared).look() },
                    setup: storage.setup, files: files,
                    policy: PairPolicy(
                        unreachable: cluster.unreachable, preferred: cluster.preferred?.name ?? own.name,
                        failsBack: cluster.failsBack),
                    lastResort: { if cluster.lastResort == .reboot { LastResortReboot.run(logger) } },
                    tellPrimary: { [paired] primary in
                        guard paired.note(primary: primary) else { return }
                        notifier.tell(primary: primary, isOwn: primary == own.name)
                    }), logger: logger)
            replicate.use { [driver] in await driver.mirror() }
            others = try Self.addresses(of: other, port: configuration.api.listen.port)
        }

        /// Nil where each node has storage of its own.
        private static func commonStorage(
            _ configuration: Configuration, _ own: NodeName, _ other: NodeName, _ secret: String, _ tools: Toolbox
        ) throws(StorageError) -> RBDShared? {
            guard case .shared? = configuration.cluster?.replication.method else { return nil }
            guard RBDBackend.isInKernel else {
                throw StorageError(
                    .unavailable,
                    "a pair on Ceph needs the kernel's RBD (modprobe rbd): rbd-nbd has no lock that is kept")
            }
            let places = configuration.pools.compactMap { pool in
                if case .rbd(let place) = pool.backend { place } else { nil }
            }
            return try RBDShared(
                places, node: own, other: other, secret: "\(TokenHash(of: "ceph \(secret)"))", toolbox: tools)
        }

        private static func makeStorage(
            _ place: PairStorage.Place, _ common: RBDShared?, serving: PairedService, ahead: PoolsAhead
        ) throws(StorageError) -> PairStorage {
            let replication = place.cluster.replication
            switch (replication.method, replication.group, common) {
            case (.drbd(let resource, let minor), .some(let group), _):
                return try PairStorage.drbd(resource: resource, minor: minor, in: group, place, ahead: ahead)
            case (.rsync(let interval, let maximumLag), .some(let group), _):
                return try PairStorage.rsync(
                    interval: interval, maximumLag: maximumLag, in: group, serving: serving, place)
            case (.shared(let term), _, .some(let common)):
                return try PairStorage.shared(common, term: term, place, ahead: ahead)
            case (.drbd, _, _), (.rsync, _, _), (.shared, _, _):
                throw StorageError(.internal, "the pair's storage is not configured")
            }
        }

        private static func stack(
            _ storage: PairStorage, _ paired: PairedService, _ server: Server, _ port: ServicePort,
            _ address: ClientAddress
        ) -> ServiceStack {
            let service = [
                ServiceLayer(
                    "NFS server", answers: true,
                    raise: { (_) async throws(StorageError) in await server.bringLockRecords?() },
                    lower: { () async throws(StorageError) in
                        // What it was doing is done and answered then.
                        let stopping = await stop(server)
                        await port.endConnections()
                        try stopping.get()
                    }),
                ServiceLayer(
                    "volumes",
                    raise: { (_) async throws(StorageError) in
                        // Beside the mounts: clients are let in only after both. It has ended, too, when they fail, so that nothing is
                        // started any more while the service goes down.
                        async let prepared: Void? = try? await server.prepare?()
                        try await paired.raise()
                        _ = await prepared
                    },
                    lower: { () async throws(StorageError) in
                        await paired.stopReconciling()
                        try await paired.lower()
                    }),
            ]
            let entrance = ServiceLayer(
                "port",
                raise: { (_) async throws(StorageError) in
                    try await port.open()
                    paired.reconcile()
                    await server.tellLockOwners?(address)
                },
                lower: { () async throws(StorageError) in
                    try await port.drain()
                    await paired.stopReconciling()
                })
            return ServiceStack(storage.below + service + storage.above + [entrance])
        }

        private static func stop(_ server: Server) async -> Result<Void, StorageError> {
            do throws(StorageError) {
                _ = try await server.stop()
                return .success(())
            } catch {
                return .failure(error)
            }
        }

        /// This program, as others start it.
        private static func program() throws(StorageError) -> String {
            let own = try? ProcessIdentity.current(of: ProcessInfo.processInfo.processIdentifier)
            guard let own else { throw StorageError(.internal, "where this program is cannot be found out") }
            return own.executable
        }

        /// Nil where systemd does not run (sd_booted(3)).
        private static var systemctl: Tool? {
            guard (try? FileFacts.of("/run/systemd/system")) != nil else { return nil }
            return try? StorageNode.locator.locate([.systemctl]).require(.systemctl)
        }

        private static func tools(
            _ method: Configuration.Cluster.Replication.Method
        ) throws(StorageError) -> Toolbox {
            do throws(HostError) {
                return try StorageNode.locator.locate(
                    PairStorage.tools(for: method) + ServicePort.requiredTools + Keepalived.requiredTools)
            } catch {
                throw StorageError(.unavailable, "\(error)")
            }
        }

        private static func secret(_ path: String) throws(StorageError) -> String {
            let bytes: [UInt8]?
            do throws(HostError) { bytes = try DurableFile.read(path, limit: 4096) } catch {
                throw StorageError(.unavailable, "the pair's secret cannot be read: \(error)")
            }
            let text = String(decoding: bytes ?? [], as: UTF8.self).filter { !$0.isWhitespace }
            guard text.utf8.count >= 32 else {
                throw StorageError(
                    .unavailable,
                    "\(path) does not hold the pair's secret, 32 characters at least and the same on both nodes: make one with "
                        + "\"openssl rand -hex 32\", mode 0600")
            }
            return text
        }

        /// NFS, its helpers and the API.
        private static func ports(_ configuration: Configuration) -> Set<UInt16> {
            let nfs = configuration.nfs
            return [
                nfs.port, nfs.mountdPort, nfs.lockManagerPort, nfs.statusMonitorPort, 111,
                configuration.api.listen.port,
            ]
        }

        private static func addresses(
            of member: Configuration.Cluster.Member, port: UInt16
        ) throws(StorageError) -> [ServerAddress] {
            try [member.address, member.replicationAddress].compactMap(\.self).map { address throws(StorageError) in
                try ServerAddress("http://\(address.isIPv6 ? "[\(address)]" : "\(address)"):\(port)")
            }
        }
    }
}
