import Lab
import Testing

/// What of a pair fails, or is away while it comes back.
extension PairDrillTests {
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

    @Test("a node loses its power while it takes over what it lacks: it goes on from there, and clients see no error")
    func killedWhileCatchingUp() async throws {
        try await drill("catching-up", isOrderly: true) { drill in
            let (primary, standby) = try await drill.nodes()
            try await standby.cutPower()
            try await primary.insist("convert2nfs ha status 2>&1 | grep -q 'does not answer'")
            try await primary.sh(
                "dd if=/dev/urandom of=/nfs/shopdata/bulk bs=1M count=150 conv=fsync 2>&1", deadline: .seconds(120))
            for _ in 1...2 {
                try await drill.pair.boot(standby)
                try await standby.insist("grep -q 'SyncTarget' /proc/drbd")
                try await standby.cutPower()
                try await drill.application.proceed()
            }
            try await drill.boot([standby])
            try await drill.pair.wait(until: standby, is: "standby", deadline: .seconds(180))
            try await primary.sh("rm /nfs/shopdata/bulk")
        }
    }

    @Test(
        "\"ha failback\" is interrupted while the node catches up, and a node loses its power in the move it asked for")
    func failbackInterrupted() async throws {
        try await drill("failback") { drill in
            let (preferred, other) = (drill.pair.nodes[0], drill.pair.nodes[1])
            if try await drill.nodes().primary.spec.name != preferred.spec.name {
                try await drill.pair.moveService(from: other)
            }
            for struck in [preferred, other] {
                _ = try await drill.nodes()
                try await drill.pair.wait(until: preferred, is: "primary")
                try await preferred.cutPower()
                try await drill.pair.wait(until: other, is: "primary")
                try await other.sh(
                    "dd if=/dev/urandom of=/nfs/shopdata/bulk bs=1M count=100 conv=fsync 2>&1", deadline: .seconds(120))
                try await drill.pair.boot(preferred)
                try await preferred.insist("grep -q 'SyncTarget' /proc/drbd")
                // Interrupted, it has changed nothing.
                let said = try await other.sh("timeout -s INT 2 convert2nfs ha failback --auto 2>&1 || true")
                #expect(!said.contains("serves"), "\(said)")
                try await drill.pair.wait(until: preferred, is: "standby", deadline: .seconds(180))
                try await drill.pair.wait(until: other, is: "primary")
                // Begun anew, it is brought to its end, or it is as if it had not been asked for.
                try await other.sh("(convert2nfs ha failback --auto >/dev/null 2>&1 </dev/null &)")
                try await wait(on: other, until: Moment.port.isDown)
                try await struck.cutPower()
                try await drill.boot([struck])
                let (primary, _) = try await drill.nodes()
                try await primary.sh("rm /nfs/shopdata/bulk")
                if primary.spec.name == other.spec.name {
                    let ended = try await other.sh("convert2nfs ha failback --auto", deadline: .seconds(240))
                    #expect(ended == "\(preferred.spec.name) serves\n")
                }
            }
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
                if let link = cut.links.first, cut.links.count == 1 {
                    // Both say which way is lost.
                    for (node, other) in [(primary, standby), (standby, primary)] {
                        let address = link == .data ? other.spec.address : other.spec.replicationAddress
                        let text = "\(other.spec.name) is not reached at http://\(address):8080"
                        for command in ["ha status", "doctor"] {
                            try await node.insist("convert2nfs \(command) 2>&1 | grep -q '\(text)'")
                        }
                    }
                }
                if cut == .clients {
                    // Which of them clients reach only an operator knows.
                    try await drill.pair.moveService(from: primary)
                    try await drill.application.proceed(records: 200)
                }
            } catch {
                try await self.cut(cut, primary, false)
                throw error
            }
            try await self.cut(cut, primary, false)
            try await drill.application.proceed()
            _ = try await drill.nodes()
            let (one, other) = (try await watches[0].times(), try await watches[1].times())
            #expect(one.count > 1 && (cut == .replication ? other.isEmpty : other.count > 1))
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
            for command in ["ha status", "doctor"] {
                try await primary.insist("convert2nfs \(command) 2>&1 | grep -q '\(shared) is nearly full'")
            }
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
