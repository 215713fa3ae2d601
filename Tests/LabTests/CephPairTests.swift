import HostTools
import Lab
import Testing

/// Two storage nodes on one Ceph cluster, without a power switch, and a client with the kernel's NFS client.
@Suite("A pair of storage nodes on Ceph", .serialized, .machines(.p1, .p2, .c1, withCeph: true))
struct CephPairTests {
    /// The pair, and the two by what they are now.
    private func withPair(
        _ name: String,
        _ body: (PairNodes, _ primary: Machine, _ standby: Machine, Application) async throws -> Void
    ) async throws {
        let (s1, s2, c1) = (try machine("s1"), try machine("s2"), try machine("c1"))
        let pair = PairNodes(s1, s2, storage: .ceph())
        if try await s1.sh("ls /etc/convert2nfs 2>/dev/null || true").isEmpty {
            for node in pair.nodes { try await ceph().admit(node) }
            try await pair.setUp()
        }
        let primary = try await pair.primary()
        let standby = primary.spec.name == "s1" ? s2 : s1
        try await pair.wait(until: standby, is: "standby")
        try await primary.sh("convert2nfs volume create shop/data --size 304Mi --client \(c1.spec.address)")
        try await body(pair, primary, standby, Application(on: c1, name))
    }

    private func blocklist() async throws -> String {
        try await ceph().ceph("osd blocklist ls").split(separator: "\n").filter { $0.hasPrefix("10.79.0.1") }
            .joined(separator: "\n")
    }

    /// Who was shut out is let in again, once nothing of it is left on its node.
    private func waitUntilAllAreLetIn() async throws {
        let end = ContinuousClock.now + .seconds(60)
        while true {
            let record = try await ceph().rados("getxattr pair.record convert2nfs.text")
            if !record.contains(/"(fenced|leaving)":\["/) { return }
            try #require(ContinuousClock.now < end, "\(record)")
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    @Test(
        "a client sees no error and loses nothing when the node that serves loses its power, and who was shut out is let in again",
        arguments: isThorough ? ["nfsvers=3", "nfsvers=4.1"] : ["nfsvers=4.1"])
    func killed(options: String) async throws {
        try await withPair("kill-\(options.filter(\.isNumber))") { pair, primary, standby, application in
            try await application.start("/nfs/shopdata", from: PairNodes.address, options: options)
            try await application.proceed()
            try await primary.cutPower()
            try await pair.wait(until: standby, is: "primary")
            #expect(try await blocklist().contains(primary.spec.replicationAddress))
            try await application.proceed()
            let result = try await application.stop()
            #expect(result.errors == "none" && result.lost == 0, "\(result)")
            try await pair.boot(primary)
            try await pair.wait(until: primary, is: "standby")
            try await waitUntilAllAreLetIn()
            let said = try await standby.sh("convert2nfs ha failback --auto", deadline: .seconds(120))
            #expect(said == "s1 serves\n")
        }
    }

    @Test("an orderly switch there and back shows in nothing but time, and shuts nobody out")
    func switched() async throws {
        try await withPair("switch") { pair, primary, standby, application in
            let before = try await blocklist()
            try await application.start("/nfs/shopdata", from: PairNodes.address, options: "nfsvers=4.1")
            try await application.proceed()
            try await pair.moveService(from: primary)
            try await application.proceed()
            try await pair.moveService(from: standby)
            try await application.proceed()
            let result = try await application.stop()
            #expect(result.errors == "none" && result.lost == 0 && result.unanswered == 0, "\(result)")
            #expect(try await blocklist() == before)
        }
    }

    @Test(
        "what a node that stood still while the other took over writes when it goes on is refused, and it serves again if the other is lost",
        arguments: isThorough ? [false, true] : [false])
    func lateWrites(isOtherLost: Bool) async throws {
        try await withPair("late-\(isOtherLost)") { pair, primary, standby, application in
            try await application.start("/nfs/shopdata", from: PairNodes.address, options: "nfsvers=3")
            try await application.proceed()
            // Written to the filesystem and to no disk: it is to come after the move.
            try await primary.sh(
                """
                echo 100000 >/proc/sys/vm/dirty_writeback_centisecs; echo 100000 >/proc/sys/vm/dirty_expire_centisecs
                head -c 20000000 /dev/zero | tr '\\0' x >/nfs/shopdata/late
                """)
            try primary.pause(true)
            try await pair.wait(until: standby, is: "primary")
            try await application.proceed()
            if isOtherLost { try await standby.cutPower() }
            try primary.pause(false)
            let seen = try await primary.sh(
                "sync -f /nfs/shopdata 2>&1 || true; until ! grep -q ' /nfs/shopdata ' /proc/mounts; do sleep 0.2; done; dmesg | grep -c 'I/O error' || true",
                deadline: .seconds(90))
            #expect((Int(seen.split(whereSeparator: \.isWhitespace).last ?? "") ?? 0) > 0, "\(seen)")
            try await pair.wait(until: primary, is: isOtherLost ? "primary" : "standby")
            try await application.proceed()
            if isOtherLost {
                try await pair.boot(standby)
                try await pair.wait(until: standby, is: "standby")
            }
            let result = try await application.stop()
            // Its clocks stood still, too, so it may answer for a moment: with an error, not with success.
            #expect(result.lost == 0, "\(result)")
            let serving = try await pair.primary()
            #expect(try await serving.sh("! grep -q x /nfs/shopdata/late 2>/dev/null && echo gone") == "gone\n")
            try await waitUntilAllAreLetIn()
        }
    }

    @Test("a node that alone does not reach Ceph gives the service to the other, and takes part again when it does")
    func cutOff() async throws {
        let lab = try #require(LabScope.lab)
        try await withPair("cut") { pair, primary, standby, application in
            try await application.start("/nfs/shopdata", from: PairNodes.address, options: "nfsvers=3")
            try await application.proceed()
            try await lab.connect(primary, to: .replication, false)
            try await pair.wait(until: standby, is: "primary", deadline: .seconds(150))
            try await application.proceed()
            try await lab.connect(primary, to: .replication, true)
            try await pair.wait(until: primary, is: "standby", deadline: .seconds(150))
            let result = try await application.stop()
            #expect(result.errors == "none" && result.lost == 0, "\(result)")
            try await waitUntilAllAreLetIn()
        }
    }

    @Test("while Ceph answers neither node the service stays where it is, and goes on with it")
    func silence() async throws {
        try await withPair("silence") { pair, primary, standby, application in
            try await application.start("/nfs/shopdata", from: PairNodes.address, options: "nfsvers=3")
            try await application.proceed()
            try ceph().pause(true)
            defer { try? ceph().pause(false) }
            try await pair.wait(until: standby, is: "fault")
            try await pair.wait(until: primary, is: "primary")
            try ceph().pause(false)
            try await application.proceed()
            try await pair.wait(until: standby, is: "standby")
            let result = try await application.stop()
            #expect(result.errors == "none" && result.lost == 0, "\(result)")
            #expect(try await pair.primary().spec.name == primary.spec.name)
        }
    }

    @Test(
        "the nodes get another secret one after the other, the one that serves first, and the service goes on",
        .enabled(if: isThorough))
    func newSecret() async throws {
        try await withPair("secret") { pair, primary, standby, application in
            try await application.start("/nfs/shopdata", from: PairNodes.address, options: "nfsvers=3")
            try await application.proceed()
            for node in [primary, standby] {
                try await node.sh(
                    "printf '%s' new-new-new-new-new-new-new-new-new-new >/etc/convert2nfs/cluster.secret; kill $(pidof convert2nfsd)"
                )
                try await node.sh("while pidof convert2nfsd >/dev/null; do sleep 0.1; done", deadline: .seconds(60))
                try await pair.start(node)
                try await pair.wait(until: node, is: node.spec.name == primary.spec.name ? "primary" : "standby")
            }
            try await pair.wait(until: primary, is: "primary")
            try await application.proceed()
            let result = try await application.stop()
            #expect(result.errors == "none" && result.lost == 0, "\(result)")
            try await waitUntilAllAreLetIn()
        }
    }

    @Test("kills at random moments under load, there and back, lose nothing", .enabled(if: PairKills.count > 0))
    func killedAgainAndAgain() async throws {
        try await withPair("soak") { pair, primary, standby, application in
            try await PairKills.run(pair, primary, standby, application)
            try await waitUntilAllAreLetIn()
        }
    }
}
