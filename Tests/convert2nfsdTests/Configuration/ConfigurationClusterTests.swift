import StorageCore
import Testing

@testable import convert2nfsd

@Suite("The configuration of a pair")
struct ConfigurationClusterTests {
    private static let nodes = """
          nodes:
            - {name: a, address: 192.0.2.11, replicationAddress: 198.51.100.11, priority: 100}
            - {name: b, address: 192.0.2.12, priority: 50}
        """

    private func text(
        node: String = "a", nodes: String = Self.nodes, more: String = "",
        api: String = "api: {listen: \"0.0.0.0:8080\"}",
        nfs: String = "nfs: {address: 192.0.2.10}", group: String = "vg",
        replication: String = "method: drbd"
    ) -> String {
        """
        node: {name: \(node)}
        \(api)
        \(nfs)
        pools:
          - {name: default, backend: lvm, volumeGroup: \(group)}
        cluster:
        \(nodes)
          prefixLength: 24
          interface: eth0
          replication: {\(replication), volumeGroup: vg}
          \(more)
        """
    }

    @Test("what is given and what is not")
    func whole() throws {
        let cluster = try #require(
            try parsed(text(more: "fence: {command: [/sbin/off, now]}\n  advertInterval: 0.25")).cluster)
        #expect(cluster.member(try NodeName("a"))?.priority == 100)
        #expect(cluster.other(than: try NodeName("a"))?.address == (try ClientAddress("192.0.2.12")))
        #expect(cluster.fence == .init(command: ["/sbin/off", "now"], seconds: 30))
        #expect(cluster.advertCentiseconds == 25 && cluster.routerID == 51 && cluster.unreachable == .wait)
        #expect(cluster.replication == .init(method: .drbd(resource: "convert2nfs", minor: 0), port: 7789, group: "vg"))
    }

    @Test("an arbiter, and what is done about a node that cannot let go")
    func arbiter() throws {
        let more =
            "arbiter: {endpoints: [http://192.0.2.20:2379, https://etcd.example:2379], term: 10}\n  lastResort: reboot"
        let cluster = try #require(try parsed(text(more: more)).cluster)
        let endpoints = ["http://192.0.2.20:2379", "https://etcd.example:2379"]
        #expect(cluster.arbiter == .init(endpoints: endpoints, seconds: 10, prefix: nil))
        #expect(cluster.lastResort == .reboot)
    }

    @Test("files that are copied, how often, and how old they may be")
    func files() throws {
        let given = try parsed(text(replication: "method: rsync, interval: 20, maxLag: 40, port: 873")).cluster
        #expect(
            given?.replication == .init(method: .rsync(interval: 20, maximumLag: 40), port: 873, group: "vg"))
        let standard = try parsed(text(replication: "method: rsync")).cluster
        #expect(standard?.replication.method == .rsync(interval: 60, maximumLag: 600))
    }

    private func shared(_ pools: String, nodes: String = Self.nodes, replication: String = "method: shared") -> String {
        var lines = text(nodes: nodes).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for (index, line) in lines.enumerated() {
            if line.hasPrefix("  - {name: default") { lines[index] = pools }
            if line.hasPrefix("  replication:") { lines[index] = "  replication: {\(replication)}" }
        }
        return lines.joined(separator: "\n")
    }

    @Test("pools of Ceph that both nodes reach, in one cluster and under one user")
    func sharedPools() throws {
        let pools = "  - {name: a, backend: rbd, pool: p, user: u}\n  - {name: b, backend: rbd, pool: q, user: u}"
        let replication = try #require(try parsed(shared(pools)).cluster?.replication)
        #expect(replication.method == .shared(term: 4) && replication.group == nil && replication.movesStateVolume)
        for (text, says) in [
            (
                shared("  - {name: a, backend: lvm, volumeGroup: vg}"),
                "pools[0]: in a pair with shared storage every pool"
            ),
            (
                shared(pools.replacing("pool: q, user: u", with: "pool: q")),
                "pools[1]: in a pair all pools are in one cluster"
            ),
            (shared(pools, replication: "method: shared, volumeGroup: vg"), "there is no such key with shared"),
            (shared(pools, replication: "method: shared, term: 3"), "found the number 3"),
            (
                shared(pools, nodes: Self.nodes.replacing("priority: 50", with: "priority: 50, disk: /dev/sdb")),
                "no node has a disk"
            ),
        ] {
            let error = #expect(throws: ConfigurationError.self) { try parsed(text) }
            #expect(error?.description.contains(says) == true, "\(says): \(error?.description ?? "")")
        }
    }

    @Test("a disk on both nodes, the way back by itself, and who is to serve")
    func disks() throws {
        let nodes = Self.nodes.replacing("priority: 100", with: "priority: 100, disk: /dev/sda")
            .replacing("priority: 50", with: "priority: 50, disk: /dev/sdb")
        let cluster = try #require(try parsed(text(nodes: nodes, more: "failback: auto")).cluster)
        #expect(cluster.members.map(\.disk) == ["/dev/sda", "/dev/sdb"])
        #expect(cluster.failsBack)
        #expect(cluster.preferred?.name == (try NodeName("a")))
    }

    @Test(
        "a node without the section, or with an empty one, is on its own",
        arguments: ["log: {}", "cluster:", "cluster: null"])
    func none(_ text: String) throws { #expect(try parsed(text).cluster == nil) }

    struct Fault: CustomTestStringConvertible {
        let text: String
        let says: String
        var testDescription: String { says }
    }

    private static var faults: [Fault] {
        let own = ConfigurationClusterTests()
        let same = Self.nodes.replacing("priority: 50", with: "priority: 100")
        return [
            Fault(text: own.text(node: "c"), says: "none of a or b is this node"),
            Fault(
                text: own.text(nodes: Self.nodes.replacing("name: b", with: "name: a")),
                says: "expected two with different names"),
            Fault(text: own.text(nodes: same), says: "both nodes have one priority"),
            Fault(text: own.text(nodes: "  nodes: []"), says: "found 0 nodes"),
            Fault(text: own.text(api: ""), says: "api.listen: the other node asks this one by it"),
            Fault(text: own.text(nfs: "nfs: {address: storage}"), says: "it is the service address"),
            Fault(text: own.text(nfs: "nfs: {address: 192.0.2.10, server: ganesha}"), says: "the kernel's NFS server"),
            Fault(text: own.text(group: "other"), says: "every pool is in the volume group vg"),
            Fault(
                text: own.text(replication: "method: drbd, interval: 20"),
                says: "cluster.replication.interval: there is no such key with drbd"),
            Fault(
                text: own.text(replication: "method: rsync, minor: 1"),
                says: "cluster.replication.minor: there is no such key with rsync"),
            Fault(
                text: own.text(replication: "method: rsync, interval: 20, maxLag: 30"),
                says: "cluster.replication.maxLag: found the number 30"),
            Fault(text: own.text(replication: "method: hope"), says: "drbd, rsync or shared"),
            Fault(text: own.text(more: "fence: {command: [poweroff]}"), says: "an absolute path first"),
            Fault(text: own.text(more: "fence: {}"), says: "cluster.fence.command: the key is missing"),
            Fault(text: own.text(more: "advertInterval: 0.01"), says: "from 0.05 to 40"),
            Fault(text: own.text(more: "onPeerUnreachable: hope"), says: "wait"),
            Fault(text: own.text(more: "failback: soon"), says: "manual"),
            Fault(text: own.text(more: "lastResort: hope"), says: "reboot"),
            Fault(text: own.text(more: "arbiter: {term: 5}"), says: "cluster.arbiter.endpoints: the key is missing"),
            Fault(
                text: own.text(more: "arbiter: {endpoints: []}"), says: "cluster.arbiter.endpoints: the list is empty"),
            Fault(text: own.text(more: "fence: {command: []}"), says: "cluster.fence.command: the list is empty"),
            Fault(text: own.text(more: "arbiter: {endpoints: [etcd:2379]}"), says: "expected http:// or https://"),
            Fault(text: own.text(more: "arbiter: {endpoints: [http://e:1], term: 1}"), says: "from 4 to 60"),
            Fault(
                text: own.text(more: "arbiter: {endpoints: [http://e:1]}\n  onPeerUnreachable: promote"),
                says: "does not serve without its word"),
            Fault(
                text: own.text(nodes: Self.nodes.replacing("priority: 50", with: "priority: 50, disk: /dev/sdb")),
                says: "one node has a disk and the other has none"),
        ]
    }

    @Test("what cannot be is refused where it stands", arguments: faults)
    func refused(_ fault: Fault) throws {
        let error = #expect(throws: ConfigurationError.self) { try parsed(fault.text) }
        let said = error.map { "\($0)" } ?? ""
        #expect(said.contains(fault.says), "\(said)")
    }
}
