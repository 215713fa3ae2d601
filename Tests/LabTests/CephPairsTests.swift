import HostTools
import Lab
import Testing

/// Four storage nodes on one Ceph cluster, and one client of both pairs.
@Suite(
    "Two pairs of storage nodes on one pool of Ceph", .serialized, .machines(.p1, .p2, .p3, .p4, .c1, withCeph: true))
struct CephPairsTests {
    private static let otherAddress = "10.77.0.101"

    private func otherPair(prefix: String) throws -> PairNodes {
        PairNodes(
            try machine("s3"), try machine("s4"), address: Self.otherAddress, cluster: "routerID: 52",
            storage: .ceph(prefix: prefix))
    }

    @Test("a pair does not take another's prefix, and with one of its own neither sees what happens to the other")
    func apart() async throws {
        let first = PairNodes(try machine("s1"), try machine("s2"), storage: .ceph())
        for name in ["s1", "s2", "s3", "s4"] { try await ceph().admit(try machine(name)) }
        try await first.setUp()
        try await first.wait(until: first.nodes[0], is: "primary")
        let second = try await setUpOther()
        let client = try machine("c1")
        for pair in [first, second] {
            try await pair.wait(until: pair.nodes[0], is: "primary")
            try await pair.nodes[0].sh(
                "convert2nfs volume create shop/data --size 304Mi --client \(client.spec.address)")
        }
        let images = try await ceph().images().map(\.name)
        #expect(images.filter { $0.hasPrefix("pair.") }.sorted() == ["pair.shop.data", "pair.state.."])
        #expect(images.filter { $0.hasPrefix("other.") }.sorted() == ["other.shop.data", "other.state.."])
        try await lose(first, beside: second)
    }

    /// With the first one's prefix nothing is made, and its service not touched.
    private func setUpOther() async throws -> PairNodes {
        let wrong = try otherPair(prefix: "pair")
        try await wrong.startNew()
        let before = try await ceph().rados("getxattr pair.record convert2nfs.text")
        let refusal = try await wrong.nodes[0].sh("convert2nfs ha setup 2>&1 || true", deadline: .seconds(120))
        #expect(refusal.contains("is another pair's; give each pair a prefix of its own"), "\(refusal)")
        #expect(try await ceph().rados("getxattr pair.record convert2nfs.text") == before)
        for node in wrong.nodes {
            try await node.sh("kill $(pidof convert2nfsd); while pidof convert2nfsd >/dev/null; do sleep 0.1; done")
        }
        let second = try otherPair(prefix: "other")
        try await second.setUp()
        return second
    }

    /// One pair loses the node that serves; the other is the same all the while.
    private func lose(_ first: PairNodes, beside second: PairNodes) async throws {
        let client = try machine("c1")
        let (moved, still) = (Application(on: client, "moved"), Application(on: client, "still"))
        try await moved.start("/nfs/shopdata", from: PairNodes.address, options: "nfsvers=3")
        try await still.start("/nfs/shopdata", from: Self.otherAddress, options: "nfsvers=3")
        let record = try await ceph().rados("getxattr other.record convert2nfs.text")
        for application in [moved, still] { try await application.proceed() }
        try await first.nodes[0].cutPower()
        try await first.wait(until: first.nodes[1], is: "primary")
        for application in [moved, still] { try await application.proceed() }
        try await second.wait(until: second.nodes[0], is: "primary")
        let shutOut = try await ceph().ceph("osd blocklist ls")
        #expect(shutOut.contains(first.nodes[0].spec.replicationAddress), "\(shutOut)")
        for node in second.nodes { #expect(!shutOut.contains(node.spec.replicationAddress), "\(shutOut)") }
        #expect(try await ceph().rados("getxattr other.record convert2nfs.text") == record)
        for application in [moved, still] {
            let result = try await application.stop()
            #expect(result.errors == "none" && result.lost == 0, "\(result)")
        }
    }
}
