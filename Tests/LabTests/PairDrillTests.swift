import FoundationEssentials
import HostTools
import Lab
import Testing

/// What goes wrong while something else is going wrong, or on its way. Each drill begins and ends with a pair that is well, under one application, which sees no error and
/// loses nothing. They take most of an hour: `make drill-ha` runs them.
@Suite(
    "A pair in trouble", .serialized,
    .enabled("these drills take most of an hour; run them with \"make drill-ha\"") {
        isThorough
    }, .machines(.p1, .p2, .c1))
struct PairDrillTests {
    struct Drill {
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
    func drill(_ name: String, isOrderly: Bool = false, _ body: (Drill) async throws -> Void) async throws {
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
        case asked, storage, stateVolume, volumes, server, port

        /// A shell's condition: the service has come so far up.
        var isUp: String {
            switch self {
            case .asked: "convert2nfs ha status 2>/dev/null | grep -q \"^$(uname -n) *\\(promoting\\|primary\\) \""
            case .storage: "grep -q 'ro:Primary/' /proc/drbd"
            case .stateVolume: "mountpoint -q /var/lib/convert2nfs/shared"
            case .volumes: "mountpoint -q /nfs/shopdata"
            case .server: "[ \"$(cat /proc/fs/nfsd/threads 2>/dev/null || echo 0)\" -gt 0 ]"
            case .port: "! nft list table inet convert2nfs_gate >/dev/null 2>&1"
            }
        }

        /// It has come so far down.
        var isDown: String {
            switch self {
            case .asked:
                "convert2nfs ha status 2>/dev/null | grep -q \"^$(uname -n) *demoting \" || \(Moment.server.isDown)"
            case .port: "nft list table inet convert2nfs_gate >/dev/null 2>&1"
            case .storage, .stateVolume, .volumes, .server: "! \(isUp)"
            }
        }
    }

    /// Returns as soon as it is so.
    func wait(on machine: Machine, until condition: String) async throws {
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

    /// Kills the daemon, and starts it anew unless the other node has cut the machine's power meanwhile.
    private func killDaemon(_ machine: Machine, _ drill: Drill) async throws {
        try await machine.sh("kill -9 $(pidof convert2nfsd)")
        do { try await drill.pair.start(machine) } catch { try await machine.waitUntilOff(deadline: .seconds(20)) }
    }

    @Test(
        "after a loss of power the daemon of the node that takes over is killed, at each step of its way up",
        arguments: Moment.allCases)
    func daemonKilledWhilePromoting(moment: Moment) async throws {
        try await drill("daemon-lost-\(moment)") { drill in
            let (primary, standby) = try await drill.nodes()
            try await primary.cutPower()
            try await wait(on: standby, until: moment.isUp)
            try await killDaemon(standby, drill)
            try await drill.pair.wait(until: standby, is: "primary")
            try await drill.application.proceed()
            try await drill.boot([primary])
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
            try await move(drill, side, moment) { try await killDaemon($0, drill) }
        }
    }
}
