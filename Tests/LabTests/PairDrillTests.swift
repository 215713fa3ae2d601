import FoundationEssentials
import HostTools
import Lab
import Testing

/// What goes wrong while something else is going wrong, or on its way. Each drill begins and ends with a pair that is well, under one application, which sees no error and
/// loses nothing. They take most of an hour: `make drill-ha` runs them.
@Suite(
    "A pair in trouble", .serialized,
    .enabled("these drills take most of an hour; run them with \"make drill-ha\"") {
        ProcessInfo.processInfo.environment["CONVERT2NFS_DRILL"] == "1"
    }, .machines(.p1, .p2, .c1))
struct PairDrillTests {
    private struct Drill {
        let pair: PairNodes
        let application: Application

        /// The one that serves, then the other, which could. The one that took over may switch the other off while that boots and does
        /// not answer yet.
        func nodes() async throws -> (primary: Machine, standby: Machine) {
            var tries = 0
            while true {
                try await boot(pair.nodes)
                do { return try await settled() } catch  where tries < 3 {
                    if try pair.nodes.allSatisfy({ try $0.isRunning() }) { throw error }
                    tries += 1
                }
            }
        }

        private func settled() async throws -> (primary: Machine, standby: Machine) {
            let primary = try await pair.primary()
            let standby = pair.nodes[0].spec.name == primary.spec.name ? pair.nodes[1] : pair.nodes[0]
            try await pair.wait(until: standby, is: "standby", deadline: .seconds(180))
            return (primary, standby)
        }

        /// The daemon ends and begins anew with that in its configuration.
        func restart(_ machine: Machine, cluster: String) async throws {
            let changed = PairNodes(pair.nodes[0], pair.nodes[1], cluster: cluster)
            try await changed.bringFiles(machine)
            try await machine.sh("kill -9 $(pidof convert2nfsd)")
            try await changed.start(machine)
            try await machine.insist("convert2nfs health")
        }

        /// The other one may switch a machine off while it boots, since it does not answer yet.
        func boot(_ machines: [Machine]) async throws {
            for machine in machines {
                var tries = 0
                while try !machine.isRunning() {
                    tries += 1
                    do { try await pair.boot(machine) } catch  where tries < 4 {
                        if try machine.isRunning() { throw error }
                    }
                }
            }
        }
    }

    /// Nothing that was asked may be left without an answer where nothing broke.
    private func drill(_ name: String, isOrderly: Bool = false, _ body: (Drill) async throws -> Void) async throws {
        let (s1, s2, c1) = (try machine("s1"), try machine("s2"), try machine("c1"))
        let pair = PairNodes(s1, s2)
        try await FenceService([s1, s2]).serving {
            if try await s1.sh("ls /etc/convert2nfs 2>/dev/null || true").isEmpty { try await pair.setUp() }
            let drill = Drill(pair: pair, application: Application(on: c1, name))
            let (primary, _) = try await drill.nodes()
            try await primary.sh("convert2nfs volume create shop/data --size 304Mi --client \(c1.spec.address)")
            try await drill.application.start("/nfs/shopdata", from: PairNodes.address, options: "nfsvers=3")
            try await drill.application.proceed()
            try await body(drill)
            _ = try await drill.nodes()
            try await drill.application.proceed()
            let result = try await drill.application.stop()
            #expect(result.errors == "none" && result.lost == 0, "\(name): \(result)")
            #expect(!isOrderly || result.unanswered == 0, "\(name): \(result)")
            print("\(name): \(result)")
        }
    }

    @Test("twenty orderly moves in a row, there and back")
    func moves() async throws {
        try await drill("moves", isOrderly: true) { drill in
            for _ in 1...20 {
                let (primary, standby) = try await drill.nodes()
                try await drill.pair.moveService(from: primary)
                try await drill.pair.wait(until: standby, is: "primary")
                try await drill.application.proceed(records: 5)
            }
        }
    }

    /// How far the service is on its way up or down, as the machine itself shows it.
    enum Moment: CaseIterable {
        case asked, storage, stateVolume, volumes, server

        /// A shell's condition: the service has come so far up.
        var isUp: String {
            switch self {
            case .asked: "convert2nfs ha status 2>/dev/null | grep -q \"^$(uname -n) *\\(promoting\\|primary\\) \""
            case .storage: "grep -q 'ro:Primary/' /proc/drbd"
            case .stateVolume: "mountpoint -q /var/lib/convert2nfs/shared"
            case .volumes: "mountpoint -q /nfs/shopdata"
            case .server: "[ \"$(cat /proc/fs/nfsd/threads 2>/dev/null || echo 0)\" -gt 0 ]"
            }
        }

        /// It has come so far down.
        var isDown: String {
            self == .asked
                ? "convert2nfs ha status 2>/dev/null | grep -q \"^$(uname -n) *demoting \" || \(Moment.server.isDown)"
                : "! \(isUp)"
        }
    }

    /// Returns as soon as it is so.
    private func wait(on machine: Machine, until condition: String) async throws {
        try await machine.sh("until \(condition); do sleep 0.01; done", deadline: .seconds(60))
    }

    @Test("the node that takes over loses its power too, at each step of its way up", arguments: Moment.allCases)
    func killedWhilePromoting(moment: Moment) async throws {
        try await drill("promoting-\(moment)") { drill in
            let (primary, standby) = try await drill.nodes()
            try await primary.cutPower()
            try await wait(on: standby, until: moment.isUp)
            try await standby.cutPower()
            try await drill.boot([standby, primary])
        }
    }

    /// Which node of an orderly move something happens to.
    enum Side: CaseIterable { case old, new }

    /// Asks for the service to be moved, and does `strike` once `side` has come so far.
    private func move(
        _ drill: Drill, _ side: Side, _ moment: Moment, strike: (Machine) async throws -> Void
    ) async throws {
        let (primary, standby) = try await drill.nodes()
        let struck = side == .old ? primary : standby
        try await primary.sh("(convert2nfs ha switch >/dev/null 2>&1 </dev/null &)")
        try await wait(on: struck, until: side == .old ? moment.isDown : moment.isUp)
        try await strike(struck)
        // Whoever is left serves, or did before the other had let go: then it comes back and does.
        try await drill.boot([primary, standby])
    }

    @Test("a node loses its power at each step of an orderly move", arguments: Side.allCases, Moment.allCases)
    func killedWhileMoving(side: Side, moment: Moment) async throws {
        try await drill("moving-\(side)-\(moment)") { drill in
            try await move(drill, side, moment) { try await $0.cutPower() }
        }
    }

    @Test("the daemon is killed at each step of an orderly move", arguments: Side.allCases, Moment.allCases)
    func daemonKilledWhileMoving(side: Side, moment: Moment) async throws {
        try await drill("daemon-\(side)-\(moment)") { drill in
            try await move(drill, side, moment) { machine in
                try await machine.sh("kill -9 $(pidof convert2nfsd)")
                // The other one may cut its power meanwhile.
                do { try await drill.pair.start(machine) } catch {
                    try await machine.waitUntilOff(deadline: .seconds(20))
                }
            }
        }
    }

    @Test("the only node with all data loses its power while the other one still takes it over")
    func killedWhileSynchronising() async throws {
        try await drill("synchronising") { drill in
            let (primary, standby) = try await drill.nodes()
            try await standby.cutPower()
            try await primary.insist("convert2nfs ha status 2>&1 | grep -q 'does not answer'")
            try await primary.sh(
                "dd if=/dev/urandom of=/nfs/shopdata/bulk bs=1M count=150 conv=fsync 2>&1", deadline: .seconds(120))
            try await drill.pair.boot(standby)
            try await standby.insist("grep -q 'SyncTarget' /proc/drbd")
            let watch = ServingWatch(standby)
            try await watch.start()
            try await primary.cutPower()
            // It lacks what was acknowledged: it does not serve, whatever it is told by the power switch.
            try await standby.insist("convert2nfs ha status 2>&1 | grep -q '^\(standby.spec.name) *outdated'")
            try await standby.insist("[ -z \"$(convert2nfs ha status -o name 2>/dev/null)\" ]")
            try await drill.boot([primary])
            try await drill.pair.wait(until: primary, is: "primary", deadline: .seconds(180))
            let (times, hasLooked) = (try await watch.times(), try await watch.hasLooked())
            #expect(times.isEmpty && hasLooked)
            try await watch.stop()
            try await primary.sh("rm /nfs/shopdata/bulk")
        }
    }

    /// What of the node that serves is cut off.
    enum Cut: CaseIterable {
        case replication, clients, interface, all

        /// Somewhere on the way.
        var links: [LabNetwork.Link] {
            switch self {
            case .replication: [.replication]
            case .clients: [.data]
            case .interface: []
            case .all: [.data, .replication]
            }
        }

        /// Whether the service moves. Whom the clients' network reaches no more neither node knows, where both hear each other and the
        /// interface has a carrier.
        var movesService: Bool { self == .interface || self == .all }
    }

    private func cut(_ cut: Cut, _ machine: Machine, _ isCut: Bool) async throws {
        let lab = try #require(LabScope.lab)
        for link in cut.links { try await lab.connect(machine, to: link, !isCut) }
        guard cut == .interface, try machine.isRunning() else { return }
        try await machine.sh("ip link set data0 \(isCut ? "down" : "up")")
    }

    @Test(
        "the node that serves loses one of its links, or both: never do both serve, and clients wait or go on",
        arguments: Cut.allCases)
    func linksCut(cut: Cut) async throws {
        try await drill("cut-\(cut)") { drill in
            let (primary, standby) = try await drill.nodes()
            let watches = [ServingWatch(primary), ServingWatch(standby)]
            for watch in watches { try await watch.start() }
            try await self.cut(cut, primary, true)
            do {
                if cut.movesService { try await drill.pair.wait(until: standby, is: "primary") }
                if cut == .replication { try await drill.pair.wait(until: standby, is: "outdated") }
                if cut != .clients { try await drill.application.proceed(records: 200) }
                if cut == .clients {
                    // It has got the address, and leaves it to the one that serves.
                    let events = "grep -a INSTANCE /var/log/convert2nfs.log | tail -n 2 | tr '\\n' ' '"
                    try await standby.insist("\(events) | grep -q 'MASTER.*FAULT'")
                }
            } catch {
                try await self.cut(cut, primary, false)
                throw error
            }
            try await self.cut(cut, primary, false)
            try await drill.application.proceed()
            _ = try await drill.nodes()
            let (one, other) = (try await watches[0].times(), try await watches[1].times())
            #expect(one.count > 1 && (cut.movesService ? other.count > 1 : other.isEmpty))
            #expect(ServingWatch.overlap(one, other) == nil)
            for watch in watches { try await watch.stop() }
        }
    }

    @Test("the disk of a node fails: clients go on, and both nodes say which it is", arguments: Side.allCases)
    func diskFails(side: Side) async throws {
        try await drill("disk-\(side)") { drill in
            let (primary, standby) = try await drill.nodes()
            let (struck, whole) = side == .old ? (primary, standby) : (standby, primary)
            try await struck.loseDisk(PairNodes.disk)
            try await drill.pair.wait(until: struck, is: "fault")
            try await drill.pair.wait(until: whole, is: "primary")
            try await drill.application.proceed()
            for node in [primary, standby] {
                let said = try await node.sh("convert2nfs ha status 2>&1 || true")
                #expect(said.contains("\(struck.spec.name) has a fault: its disk"), "\(said)")
            }
            let doctor = try await struck.sh("convert2nfs doctor 2>&1 || true")
            #expect(doctor.contains("its disk"), "\(doctor)")
            // Back in its place: what was written meanwhile comes from the other one.
            try await struck.cutPower()
            try await drill.boot([struck])
        }
    }

    @Test("with \"failback: auto\" the service goes back by itself once a node that was lost has caught up")
    func failsBack() async throws {
        try await drill("back") { drill in
            let preferred = drill.pair.nodes[0]
            if try await drill.nodes().primary.spec.name != preferred.spec.name {
                try await drill.pair.moveService(from: drill.pair.nodes[1])
                _ = try await drill.nodes()
            }
            for node in drill.pair.nodes.reversed() {
                try await drill.restart(node, cluster: "\(PairNodes.fence)\n  failback: auto")
            }
            _ = try await drill.nodes()
            try await preferred.cutPower()
            try await drill.pair.wait(until: drill.pair.nodes[1], is: "primary")
            try await drill.application.proceed()
            try await drill.boot([preferred])
            try await drill.pair.wait(until: preferred, is: "primary", deadline: .seconds(240))
            try await drill.application.proceed()
            for node in drill.pair.nodes.reversed() { try await drill.restart(node, cluster: PairNodes.fence) }
        }
    }

    @Test("the clocks are an hour apart, either way", arguments: [3600, -3600])
    func clocks(seconds: Int) async throws {
        try await drill("clocks\(seconds)") { drill in
            let (primary, standby) = try await drill.nodes()
            try await standby.sh("date -s @$(($(date +%s) + \(seconds)))")
            try await drill.application.proceed()
            try await primary.cutPower()
            try await drill.pair.wait(until: standby, is: "primary")
            try await drill.application.proceed()
            try await drill.boot([primary])
            _ = try await drill.nodes()
            try await standby.sh("date -s @$(($(date +%s) - \(seconds)))")
        }
    }

    @Test("the service's own volume is full: what cannot be remembered is refused, and the service moves all the same")
    func fullStateVolume() async throws {
        try await drill("full") { drill in
            let (primary, standby) = try await drill.nodes()
            let shared = "/var/lib/convert2nfs/shared"
            try await primary.sh("dd if=/dev/zero of=\(shared)/filler bs=64k 2>/dev/null || true; sync")
            let refusal = try await primary.sh("convert2nfs volume create shop/more --size 304Mi 2>&1 || true")
            #expect(refusal.contains("nothing new is made until it has"), "\(refusal)")
            try await drill.application.proceed()
            try await primary.cutPower()
            try await drill.pair.wait(until: standby, is: "primary")
            try await drill.application.proceed()
            try await standby.sh("rm \(shared)/filler")
            try await drill.boot([primary])
            _ = try await drill.nodes()
            try await standby.sh(
                "convert2nfs volume create shop/more --size 304Mi; convert2nfs volume delete shop/more",
                deadline: .seconds(90))
        }
    }
}
