import HighAvailability
import HostTools
import Logging
import NodeHTTP
import StorageBackends
import StorageCore

/// How the data of a pair comes to both nodes, and what of the service stands on that.
struct PairStorage: Sendable {
    let replication: any Replication
    /// Where it is files that are copied.
    var following: FileReplication?
    /// Below the NFS server, the lowest first.
    let below: [ServiceLayer]
    /// Once all is served, before clients are let in.
    var above: [ServiceLayer] = []
    /// Nil where the storage is made by hand.
    let setup: (any NodeSetup)?
    /// Nil where the storage itself does not know who may serve.
    var arbiter: (any Arbiter)?
    /// It keeps a node from writing that cannot let go of it.
    var shutsOut = false
    /// What need not wait until the node serves.
    var prepare: @Sendable () async -> Void = {}

    /// What it is made from.
    struct Place {
        let configuration: Configuration
        let cluster: Configuration.Cluster
        let own: Configuration.Cluster.Member
        let other: Configuration.Cluster.Member
        /// What has to move with the data is there.
        let shared: String
        let secret: String
        let tools: Toolbox
        let systemctl: Tool?
        /// This program, as others start it.
        let program: String
        let logger: Logger
        let runner = SystemCommandRunner()
    }

    static func tools(for method: Configuration.Cluster.Replication.Method) -> [ToolName] {
        switch method {
        case .drbd: DRBDSetup.requiredTools
        case .rsync: FileSetup.requiredTools + FileReplication.requiredTools
        case .shared: SharedVolumes.requiredTools + RBDBackend.requiredTools
        }
    }

    // MARK: Layers

    /// `isDown` is told once the node has let go of it.
    private static func storageLayer(
        _ replication: some Replication, isDown: @escaping @Sendable () -> Void = {}
    ) -> ServiceLayer {
        ServiceLayer(
            "storage", raise: { (occasion) async throws(StorageError) in try await replication.promote(occasion) },
            lower: { () async throws(StorageError) in
                try await replication.demote()
                isDown()
            })
    }

    /// What moves with the data.
    private static func stateLayer(
        raise: @escaping @Sendable () async throws(StorageError) -> Void,
        lower: @escaping @Sendable () async throws(StorageError) -> Void
    ) -> ServiceLayer {
        ServiceLayer("state volume", raise: { (_) async throws(StorageError) in try await raise() }, lower: lower)
    }

    // MARK: Shared

    /// Pools of Ceph, which both nodes reach. `ahead` has them, and they connect while the node does not serve.
    static func shared(
        _ storage: RBDShared, term: Int, _ place: Place, ahead: PoolsAhead
    ) throws(StorageError) -> PairStorage {
        let replication = SharedReplication(storage)
        let volumes = try SharedVolumes(
            storage, stateDirectory: place.shared, toolbox: place.tools, runner: place.runner)
        return PairStorage(
            replication: replication,
            below: [
                storageLayer(replication, isDown: { ahead.prepare() }),
                stateLayer(
                    raise: { () async throws(StorageError) in try await volumes.raise() },
                    lower: { () async throws(StorageError) in try await volumes.lower() }),
            ],
            setup: SharedSetup(
                node: place.own.name, storage: storage, volumes: volumes, systemctl: place.systemctl,
                runner: place.runner),
            arbiter: try CephArbiter(storage, seconds: term, toolbox: place.tools),
            shutsOut: true, prepare: { await volumes.prepare() })
    }

    // MARK: DRBD

    /// One replicated device below all volumes. `ahead` has its pools, which are looked at while the state volume is mounted.
    static func drbd(
        resource name: String, minor: Int, in group: String, _ place: Place, ahead: PoolsAhead
    ) throws(StorageError) -> PairStorage {
        let cluster = place.cluster
        let replication = try DRBDReplication(
            resource: name, minor: minor, toolbox: place.tools, runner: place.runner)
        let replicated = try ReplicatedGroup(
            group: group, device: "/dev/drbd\(minor)", stateDirectory: place.shared,
            toolbox: place.tools, runner: place.runner)
        let places = cluster.members.compactMap { member in
            member.disk.map {
                DRBDResource.Place(node: member.name, disk: $0, address: member.replicationAddress ?? member.address)
            }
        }
        let resource = DRBDResource(
            name: name, minor: minor, port: cluster.replication.port, places: places,
            handler: [place.program, "fence-peer"])
        var setup: DRBDSetup?
        if let half = places.first(where: { $0.node == place.own.name }) {
            setup = try DRBDSetup(
                resource, place: half, hostName: ConfigurationDefaults.hostName(), replication: replication,
                group: replicated, toolbox: place.tools, systemctl: place.systemctl, runner: place.runner)
        }
        return PairStorage(
            replication: replication,
            below: [
                storageLayer(replication),
                stateLayer(
                    raise: { () async throws(StorageError) in
                        ahead.prepare()
                        try await replicated.raise()
                    },
                    lower: { () async throws(StorageError) in
                        await ahead.end()
                        try await replicated.lower()
                    }),
            ], setup: setup, prepare: { await replicated.prepare() })
    }

    // MARK: Files

    /// A volume group on each node, the standby's with copies of the other's files.
    static func rsync(
        interval: Int, maximumLag: Int, in group: String, serving: PairedService, _ place: Place
    ) throws(StorageError) -> PairStorage {
        let (cluster, state) = (place.cluster, place.configuration.node.state)
        try StorageNode.ensureDirectory(place.shared)
        let rsync = try Rsync(
            RsyncSettings(
                own: place.own.replicationAddress ?? place.own.address,
                other: place.other.replicationAddress ?? place.other.address,
                port: cluster.replication.port, root: place.configuration.nfs.template.root, shared: place.shared,
                directory: "\(state)/rsync",
                // Whoever reads it, or guesses it from what goes over the wire, does not know the pair's secret.
                password: String("\(TokenHash(of: "rsync \(place.secret)"))".dropFirst("sha256:".count))),
            toolbox: place.tools, runner: place.runner)
        let standing = PairedService(logger: place.logger) { () async throws(StorageError) in
            try await StorageNode.servingPart(
                place.configuration, catalog: "\(place.shared)/catalog.sqlite", server: StorageNode.Server.nobody,
                place.logger)
        }
        let replication = try FileReplication(
            .init(
                interval: .seconds(interval), maximumLag: .seconds(maximumLag), ledger: "\(state)/copies.json"),
            volumes: PairedVolumes(
                serving: serving, standing: standing, frozen: rsync.settings.frozen, logger: place.logger),
            rsync: rsync, toolbox: place.tools,
            runner: place.runner, logger: place.logger)
        var setup: FileSetup?
        if let disk = place.own.disk {
            setup = try FileSetup(
                node: place.own.name, group: group, disk: disk, toolbox: place.tools,
                systemctl: place.systemctl, runner: place.runner)
        }
        return PairStorage(
            replication: replication, following: replication,
            below: [
                storageLayer(replication)
            ],
            above: [
                ServiceLayer(
                    "ledger", raise: { (_) async throws(StorageError) in try await replication.lead() },
                    lower: { () async throws(StorageError) in })
            ], setup: setup)
    }
}
