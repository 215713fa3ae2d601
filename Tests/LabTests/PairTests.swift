import HostTools
import Lab
import Testing

/// Two storage nodes with DRBD and keepalived, and a client with the kernel's NFS client.
@Suite("A pair of storage nodes", .serialized, .machines(.p1, .p2, .c1))
struct PairTests {
    /// The pair, its power switch, and the two by what they are now.
    private func withPair(
        _ name: String, isFenced: Bool = true,
        _ body: (PairNodes, _ primary: Machine, _ standby: Machine, Application) async throws -> Void
    ) async throws {
        let (s1, s2, c1) = (try machine("s1"), try machine("s2"), try machine("c1"))
        let pair = PairNodes(s1, s2)
        try await FenceService(isFenced ? [s1, s2] : []).serving {
            if try await s1.sh("ls /etc/convert2nfs 2>/dev/null || true").isEmpty { try await setUp(pair, s1, s2) }
            let primary = try await pair.primary()
            let standby = primary.spec.name == "s1" ? s2 : s1
            try await pair.wait(until: standby, is: "standby")
            try await primary.sh("convert2nfs volume create shop/data --size 304Mi --client \(c1.spec.address)")
            try await body(pair, primary, standby, Application(on: c1, name))
        }
    }

    /// Nothing that is there is overwritten, a plan changes nothing, and what was interrupted goes on.
    private func setUp(_ pair: PairNodes, _ s1: Machine, _ s2: Machine) async throws {
        try await pair.startNew()
        try await s2.sh("mkfs.ext4 -q \(PairNodes.disk)")
        let refusal = try await s1.sh("convert2nfs ha setup 2>&1 || true")
        #expect(refusal.contains("s2: \(PairNodes.disk) is not empty") && refusal.contains("TYPE=ext4"), "\(refusal)")
        try await s2.sh("wipefs -qa \(PairNodes.disk)")
        let plan = try await s2.sh("convert2nfs ha setup --dry-run")
        #expect(plan.contains("would: s1: write DRBD's metadata on \(PairNodes.disk), which is empty"), "\(plan)")
        #expect(try await s1.sh("ls /etc/drbd.d; blkid \(PairNodes.disk) || true") == "global_common.conf\n")
        try await s1.sh(
            """
            convert2nfs ha setup >/tmp/setup 2>&1 &
            for try in $(seq 600); do [ ! -e /etc/drbd.d/convert2nfs.res ] || break; sleep 0.1; done
            kill -9 $(pidof convert2nfsd)
            wait
            grep 'Run it again' /tmp/setup
            """, deadline: .seconds(90))
        try await pair.start(s1)
        try await s1.insist("convert2nfs health")
        let said = try await s1.sh("convert2nfs ha setup; convert2nfs ha setup", deadline: .seconds(180))
        #expect(
            said.contains("s1: join the pair") && said.hasSuffix("nothing is left to do: the pair is set up\n"),
            "\(said)")
    }

    @Test(
        "a client that writes, renames and lists sees no error and loses nothing when the node that serves loses its power",
        arguments: ["nfsvers=3", "nfsvers=4.1"])
    func killed(options: String) async throws {
        try await withPair("kill-\(options.filter(\.isNumber))") { pair, primary, standby, application in
            try await application.start("/nfs/shopdata", from: PairNodes.address, options: options)
            try await application.proceed()
            try await primary.cutPower()
            try await pair.wait(until: standby, is: "primary")
            try await application.proceed()
            try await standby.insist(application.holdsLock(in: "/nfs/shopdata"))
            let result = try await application.stop()
            #expect(result.errors == "none" && result.lost == 0, "\(result)")
            // It comes back with what it has, takes over what it lacks, and leaves the service where it is.
            try await pair.boot(primary)
            try await pair.wait(until: primary, is: "standby", deadline: .seconds(180))
            try await pair.wait(until: standby, is: "primary")
            #expect(try await pair.addressHolders() == [standby.spec.name])
            // The way back is a command.
            let said = try await standby.sh("convert2nfs ha failback --auto", deadline: .seconds(120))
            #expect(said == "s1 serves\n")
        }
    }

    @Test("an orderly switch there and back shows in nothing but time", arguments: ["nfsvers=4.1"])
    func switched(options: String) async throws {
        try await withPair("switch") { pair, primary, standby, application in
            try await application.start("/nfs/shopdata", from: PairNodes.address, options: options)
            try await application.proceed()
            try await pair.moveService(from: primary)
            try await application.proceed()
            try await pair.moveService(from: standby)
            try await application.proceed()
            let result = try await application.stop()
            #expect(result.errors == "none" && result.lost == 0 && result.unanswered == 0, "\(result)")
            #expect(try await pair.addressHolders() == [primary.spec.name])
        }
    }

    @Test("a daemon that is killed while it serves, or ended again and again as it starts, finds all as it was")
    func daemonKilled() async throws {
        func end(_ machine: Machine, by signal: String) async throws {
            // Begun anew at once: what is looked for comes with starts in quick succession.
            try await machine.sh(
                "kill -\(signal) $(pidof convert2nfsd); while pidof convert2nfsd >/dev/null; do sleep 0.05; done")
        }
        let takings = "grep -ac 'keepalived: .* MASTER' /var/log/convert2nfs.log || true"
        try await withPair("daemon") { pair, primary, standby, application in
            let before = try await standby.sh(takings)
            try await application.start("/nfs/shopdata", from: PairNodes.address, options: "nfsvers=4.1")
            try await application.proceed()
            try await end(primary, by: "KILL")
            // At another moment of its start each time.
            for milliseconds in [200, 400, 700, 1000, 1500] {
                try await pair.start(primary)
                try await Task.sleep(for: .milliseconds(milliseconds))
                try await end(primary, by: "TERM")
            }
            try await pair.start(primary)
            try await pair.wait(until: primary, is: "primary")
            #expect(try await standby.sh(takings) == before)
            try await application.proceed()
            let result = try await application.stop()
            #expect(result.errors == "none" && result.lost == 0, "\(result)")
        }
    }

    @Test(
        "without the link they replicate over, the node that serves goes on, and the other counts as outdated until it has caught up"
    )
    func replicationCut() async throws {
        let lab = try #require(LabScope.lab)
        try await withPair("link") { pair, primary, standby, application in
            try await application.start("/nfs/shopdata", from: PairNodes.address, options: "nfsvers=4.1")
            try await application.proceed()
            try await lab.connect(standby, to: .replication, false)
            try await pair.wait(until: standby, is: "outdated")
            try await application.proceed()
            let refusal = try await primary.sh("convert2nfs ha switch 2>&1 || true")
            #expect(refusal.contains("cannot take the service"), "\(refusal)")
            try await lab.connect(standby, to: .replication, true)
            try await pair.wait(until: standby, is: "standby")
            let result = try await application.stop()
            #expect(result.errors == "none" && result.lost == 0, "\(result)")
        }
    }

    @Test("after both have written, what each would lose is shown, and given up by name only")
    func parted() async throws {
        let lab = try #require(LabScope.lab)
        try await withPair("none", isFenced: false) { pair, primary, standby, _ in
            for link in [LabNetwork.Link.data, .replication] { try await lab.connect(standby, to: link, false) }
            // What a wrong operator does.
            try await standby.insist("convert2nfs ha promote --other-is-off")
            try await pair.wait(until: standby, is: "primary")
            try await primary.insist("convert2nfs ha promote --other-is-off")
            try await primary.sh("dd if=/dev/urandom of=/nfs/shopdata/one bs=1M count=3 conv=fsync 2>&1")
            try await standby.sh("echo two >/nfs/shopdata/two; sync")
            for link in [LabNetwork.Link.data, .replication] { try await lab.connect(standby, to: link, true) }
            try await pair.wait(until: primary, is: "outdated")
            try await standby.insist("convert2nfs ha resolve | grep 'gone different ways'")
            let refusal = try await standby.sh("convert2nfs ha resolve --discard \(standby.spec.name) 2>&1 || true")
            #expect(refusal.contains("it serves"), "\(refusal)")
            try await standby.sh("convert2nfs ha resolve --discard \(primary.spec.name)")
            try await pair.wait(until: primary, is: "standby", deadline: .seconds(180))
            #expect(try await standby.sh("ls /nfs/shopdata").contains("two"))
            #expect(try await !standby.sh("ls /nfs/shopdata").contains("one"))
        }
    }

    @Test(
        "a node that has lost its memory and DRBD's configuration serves nothing until it has joined again, with the data it has"
    )
    func forgetful() async throws {
        try await withPair("none") { pair, primary, standby, _ in
            try await standby.sh(
                """
                kill -9 $(pidof convert2nfsd)
                drbdadm down convert2nfs
                rm -r /var/lib/convert2nfs /etc/drbd.d/convert2nfs.res
                """)
            try await pair.start(standby)
            try await standby.insist("convert2nfs ha status 2>&1 | grep 'the pair is not set up yet'")
            let said = try await standby.sh("convert2nfs ha setup", deadline: .seconds(120))
            #expect(!said.contains("metadata") && !said.contains("volume group"), "\(said)")
            #expect(said.contains("\(standby.spec.name): join the pair"), "\(said)")
            try await pair.wait(until: standby, is: "standby")
            try await pair.wait(until: primary, is: "primary")
        }
    }

    @Test("the standby says who serves, and answers of itself")
    func standby() async throws {
        try await withPair("none") { _, primary, standby, _ in
            let said = try await standby.sh(
                "convert2nfs volume list 2>&1 || true; convert2nfs node; convert2nfs doctor")
            #expect(said.contains("\(primary.spec.name) does") && said.contains("the node is standby"), "\(said)")
        }
    }

    @Test("kills at random moments under load, there and back, lose nothing", .enabled(if: PairKills.count > 0))
    func killedAgainAndAgain() async throws {
        try await withPair("soak") { try await PairKills.run($0, $1, $2, $3) }
    }
}
