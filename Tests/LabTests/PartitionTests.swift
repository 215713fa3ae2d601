import FoundationEssentials
import HostTools
import Lab
import TestSupport
import Testing

/// A pair that has no power switch, and an arbiter in the clients' network instead.
@Suite("A pair with an arbiter", .serialized, .machines(.p1, .p2, .c1))
struct PartitionTests {
    private static let place = "10.77.0.254"
    private static let cluster = "arbiter: {endpoints: [\"http://\(place):2379\"]}\n  lastResort: reboot"
    private static let links = [LabNetwork.Link.data, .replication]

    /// Runs `body` while both are watched, and finds no moment at which both served.
    private func watching(_ one: Machine, _ other: Machine, _ body: () async throws -> Void) async throws {
        let watches = [ServingWatch(one), ServingWatch(other)]
        for watch in watches { try await watch.start() }
        try await body()
        let (first, second) = (try await watches[0].times(), try await watches[1].times())
        let haveLooked = (try await watches[0].hasLooked(), try await watches[1].hasLooked())
        #expect(haveLooked == (true, true) && !(first.isEmpty && second.isEmpty))
        #expect(ServingWatch.overlap(first, second) == nil)
        for watch in watches { try await watch.stop() }
    }

    private func withPair(
        _ name: String,
        _ body: (PairNodes, _ primary: Machine, _ standby: Machine, Application) async throws -> Void
    ) async throws {
        let (s1, s2, c1) = (try machine("s1"), try machine("s2"), try machine("c1"))
        let etcd = try await EtcdServer(at: Self.place)
        let pair = PairNodes(s1, s2, cluster: Self.cluster)
        do {
            if try await s1.sh("ls /etc/convert2nfs 2>/dev/null || true").isEmpty { try await pair.setUp() }
            let primary = try await pair.primary()
            let standby = primary.spec.name == "s1" ? s2 : s1
            try await pair.wait(until: standby, is: "standby", deadline: .seconds(120))
            try await primary.sh("convert2nfs volume create shop/data --size 304Mi --client \(c1.spec.address)")
            try await body(pair, primary, standby, Application(on: c1, name))
        } catch {
            try await etcd.stop()
            throw error
        }
        try await etcd.stop()
    }

    private func cut(
        _ machine: Machine, _ isCut: Bool, _ links: [LabNetwork.Link] = PartitionTests.links
    ) async throws {
        let lab = try #require(LabScope.lab)
        for link in links { try await lab.connect(machine, to: link, !isCut) }
    }

    @Test(
        "a node that serves and loses one of its links goes on serving, and never do both",
        arguments: [LabNetwork.Link.replication, .data])
    func oneLink(link: LabNetwork.Link) async throws {
        try await withPair("link-\(link)") { pair, primary, standby, application in
            try await application.start("/nfs/shopdata", from: PairNodes.address, options: "nfsvers=3")
            try await application.proceed()
            try await watching(primary, standby) {
                try await cut(primary, true, [link])
                do {
                    let lost = link == .data ? standby.spec.address : standby.spec.replicationAddress
                    try await primary.insist("convert2nfs ha status 2>&1 | grep -q 'is not reached at http://\(lost):'")
                    if link == .replication { try await application.proceed(records: 200) }
                } catch {
                    try await cut(primary, false, [link])
                    throw error
                }
                try await cut(primary, false, [link])
                try await application.proceed()
                try await pair.wait(until: primary, is: "primary")
                try await pair.wait(until: standby, is: "standby", deadline: .seconds(180))
            }
            let result = try await application.stop()
            #expect(result.errors == "none" && result.lost == 0, "\(result)")
        }
    }

    @Test("a node that serves and is cut off from all lets go before the other begins, and clients go on there")
    func primaryIsolated() async throws {
        try await withPair("isolated") { pair, primary, standby, application in
            try await application.start("/nfs/shopdata", from: PairNodes.address, options: "nfsvers=3")
            try await application.proceed()
            let watches = [ServingWatch(primary), ServingWatch(standby)]
            for watch in watches { try await watch.start() }
            try await cut(primary, true)
            try await pair.wait(until: standby, is: "primary")
            try await application.proceed()
            let result = try await application.stop()
            #expect(result.errors == "none" && result.lost == 0, "\(result)")
            // It could not write any more, so it had to start anew.
            try await eventually(within: .seconds(180), "the old node goes on") { try !primary.isRunning() }
            try await cut(primary, false)
            try await pair.boot(primary)
            try await pair.wait(until: primary, is: "standby", deadline: .seconds(180))
            let (old, new) = (try await watches[0].times(), try await watches[1].times())
            let (last, first) = (try #require(old.max()), try #require(new.min()))
            #expect(last < first, "the old one served for \(last - first) s more")
            try await watches[1].stop()
        }
    }

    @Test("a standby that is cut off does not begin, and does not when the node that went on alone is off")
    func standbyIsolated() async throws {
        try await withPair("alone") { pair, primary, standby, application in
            try await application.start("/nfs/shopdata", from: PairNodes.address, options: "nfsvers=3")
            try await application.proceed()
            let watch = ServingWatch(standby)
            try await watch.start()
            try await cut(standby, true)
            try await application.proceed(records: 200)
            let result = try await application.stop()
            #expect(result.errors == "none" && result.lost == 0, "\(result)")
            try await primary.cutPower()
            try await cut(standby, false)
            let reason = "\(primary.spec.name) has gone on alone"
            try await standby.insist("convert2nfs ha status 2>&1 | grep -q '\(reason)'")
            #expect(try await watch.times().isEmpty)
            try await pair.boot(primary)
            try await pair.wait(until: primary, is: "primary", deadline: .seconds(180))
            try await pair.wait(until: standby, is: "standby", deadline: .seconds(180))
            let (times, hasLooked) = (try await watch.times(), try await watch.hasLooked())
            #expect(times.isEmpty && hasLooked)
            try await watch.stop()
        }
    }
}
