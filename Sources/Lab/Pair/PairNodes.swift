import HostTools

/// Two storage nodes of the lab as a pair: their first data disks are one device of DRBD, with a volume group on it, or each has a volume
/// group, with files that are copied, or both reach a Ceph cluster.
package struct PairNodes: Sendable {
    package static let address = "10.77.0.100"

    /// How the data comes to both, as their configuration says it.
    package struct Storage: Sendable {
        let replication: String
        let pools: String
        /// Both reach the same, and have no disks for it.
        package let isShared: Bool

        private static func group(_ method: String, thinPool: String?) -> Storage {
            Storage(
                replication: "\(method), volumeGroup: vg-paas",
                pools: "{name: default, backend: lvm, volumeGroup: vg-paas, thinPool: \(thinPool ?? "null")}",
                isShared: false)
        }

        package static let drbd = group("method: drbd", thinPool: nil)

        /// The thin pool is made by whoever names one.
        package static func rsync(interval: Int, thinPool: String? = nil) -> Storage {
            group("method: rsync, interval: \(interval)", thinPool: thinPool)
        }

        /// The cluster lets both nodes in, before they start.
        /// `term` is that of the lease; where many machines share few processors, questions take their time.
        package static func ceph(prefix: String = "pair", term: Int = 10) -> Storage {
            Storage(
                replication: "method: shared, term: \(term)",
                pools:
                    "{name: default, backend: rbd, pool: \(CephCluster.pool), user: \(CephCluster.user), prefix: \(prefix)}",
                isShared: true)
        }
    }
    package static let disk = "/dev/disk/by-id/virtio-data0"
    package let nodes: [Machine]
    /// Where it serves.
    private let address: String
    private let cluster: String
    private let storage: Storage

    /// `cluster` is more of that section of the configuration; without it the nodes switch each other off, unless what they share shuts out
    /// whoever does not serve.
    package init(
        _ first: Machine, _ second: Machine, address: String = PairNodes.address, cluster: String? = nil,
        storage: Storage = .drbd
    ) {
        nodes = [first, second]
        self.address = address
        self.cluster = cluster ?? (storage.isShared ? "" : Self.fence)
        self.storage = storage
    }

    package static let fence = "fence: {command: [/usr/local/sbin/lab-fence], timeout: 15}"

    /// Starts both daemons and makes a pair of them, with their empty disks; the first node is the one that serves.
    package func setUp() async throws {
        try await startNew()
        try await nodes[0].sh("convert2nfs ha setup", deadline: .seconds(180))
    }

    /// Starts both daemons, of which there is no pair yet. Returns when they answer.
    package func startNew() async throws {
        try await each { machine in
            try await bringFiles(machine)
            try await start(machine)
            try await machine.sh(
                "for try in $(seq 100); do [ ! -S /run/convert2nfs/convert2nfs.sock ] || break; sleep 0.1; done")
        }
    }

    /// All that is left over a restart is on the machine's own disk.
    package func bringFiles(_ machine: Machine) async throws {
        let files = [
            ("/etc/drbd.conf", "include \"drbd.d/*.res\";\n", "0644"),
            ("/etc/convert2nfs/config.yaml", configuration(machine), "0644"),
            ("/etc/convert2nfs/cluster.secret", String(repeating: "lab-", count: 10), "0600"),
            ("/usr/local/sbin/lab-fence", FenceService.command, "0755"),
        ]
        try await machine.sh(
            "mkdir -p /etc/convert2nfs /usr/local/sbin; ln -sf /opt/convert2nfs/convert2nfsd /usr/local/sbin/"
        )
        for (path, content, mode) in files { try await machine.write(Array(content.utf8), to: path, mode: mode) }
    }

    /// Starts the daemon, with the processors' share that its unit gives it; what the machine is to be in the pair it finds out by itself.
    package func start(_ machine: Machine) async throws {
        try await machine.sh(
            """
            group=/sys/fs/cgroup/system.slice/convert2nfsd
            mkdir -p /run/convert2nfs $group
            echo 1000 >$group/cpu.weight
            (echo 0 >$group/cgroup.procs; exec convert2nfsd run >>/var/log/daemon.out 2>&1 </dev/null) &
            """)
    }

    /// Starts a machine that is off, and its daemon.
    package func boot(_ machine: Machine) async throws {
        try await machine.start()
        try await machine.waitUntilReady()
        try await start(machine)
    }

    /// Returns when `machine` serves.
    package func wait(until machine: Machine, is role: String, deadline: Duration = .seconds(90)) async throws {
        let seconds = deadline.components.seconds
        try await machine.sh(
            """
            end=$(($(date +%s) + \(seconds)))
            while [ "$(date +%s)" -lt $end ]; do
                if convert2nfs ha status 2>/dev/null | grep -q "^\(machine.spec.name) *\(role) "; then exit 0; fi
                sleep 0.2
            done
            tail -n 20 /var/log/convert2nfs.log >&2
            cat /proc/drbd >&2 || true
            convert2nfs ha status >&2 || true
            exit 1
            """, deadline: deadline + .seconds(30))
    }

    /// The node that serves. Throws if none does within a minute and a half.
    package func primary() async throws -> Machine {
        let end = ContinuousClock.now + .seconds(90)
        while ContinuousClock.now < end {
            for machine in nodes {
                let said = try? await machine.sh("convert2nfs ha status -o name 2>/dev/null || true")
                if said == "\(machine.spec.name)\n" { return machine }
            }
            try await Task.sleep(for: .milliseconds(200))
        }
        throw HostError.unexpected("neither node serves")
    }

    /// Moves the service in order, once the other node may have the address: its keepalived hears of it a moment after the node is fit.
    package func moveService(from machine: Machine) async throws {
        try await machine.sh(
            """
            for try in $(seq 20); do
                convert2nfs ha switch 2>/tmp/refusal && exit 0
                grep -q 'cannot take the service' /tmp/refusal || break
                sleep 0.5
            done
            cat /tmp/refusal >&2
            exit 1
            """, deadline: .seconds(120))
    }

    /// Which nodes have the service address.
    package func addressHolders() async throws -> [String] {
        var holders: [String] = []
        for machine in nodes {
            let addresses = try await machine.sh("ip -o -4 address show dev data0")
            if addresses.contains(" \(address)/") { holders.append(machine.spec.name) }
        }
        return holders
    }

    private func each(_ body: @escaping @Sendable (Machine) async throws -> Void) async throws {
        try await withThrowingTaskGroup { group in
            for machine in nodes { group.addTask { try await body(machine) } }
            try await group.waitForAll()
        }
    }

    private func configuration(_ machine: Machine) -> String {
        let members = zip(nodes, [100, 50]).map { node, priority in
            "{name: \(node.spec.name), address: \(node.spec.address), "
                + "replicationAddress: \(node.spec.replicationAddress), priority: \(priority)"
                + (storage.isShared ? "}" : ", disk: \(Self.disk)}")
        }
        return """
            node: {name: \(machine.spec.name)}
            api: {listen: "0.0.0.0:8080"}
            nfs: {address: \(address)}
            pools:
              - \(storage.pools)
            cluster:
              nodes:
                - \(members[0])
                - \(members[1])
              prefixLength: 24
              interface: data0
              replication: {\(storage.replication)}
              \(cluster)

            """
    }
}
