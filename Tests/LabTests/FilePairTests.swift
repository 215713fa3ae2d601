import FoundationEssentials
import Lab
import Testing

/// Two storage nodes, each with a volume group of its own, of which the one that does not serve copies the other's files.
@Suite("A pair whose files are replicated", .serialized, .machines(.p1, .p2, .c1))
struct FilePairTests {
    private static let interval = 5
    private static let path = "/nfs/shopdata"
    private static let mount = "/mnt/data"

    /// The pair with one volume, which the client has mounted.
    private func withPair(
        _ body: (PairNodes, _ primary: Machine, _ standby: Machine, _ client: Machine) async throws -> Void
    ) async throws {
        let (s1, s2, c1) = (try machine("s1"), try machine("s2"), try machine("c1"))
        let pair = PairNodes(s1, s2, storage: .rsync(interval: Self.interval))
        try await FenceService([s1, s2]).serving {
            if try await s1.sh("ls /etc/convert2nfs 2>/dev/null || true").isEmpty { try await pair.setUp() }
            let primary = try await pair.primary()
            let standby = primary.spec.name == "s1" ? s2 : s1
            try await pair.wait(until: standby, is: "standby")
            try await primary.sh("convert2nfs volume create shop/data --size 304Mi --client \(c1.spec.address)")
            try await c1.sh(
                """
                mkdir -p \(Self.mount)
                mountpoint -q \(Self.mount) || mount -t nfs -o nfsvers=3,hard,proto=tcp \(PairNodes.address):\(Self.path) \(Self.mount)
                """)
            try await body(pair, primary, standby, c1)
        }
    }

    private func volumes(_ machine: Machine) async throws -> Set<String> {
        let text = try await machine.sh("lvs --noheadings -o lv_name,lv_size --units m --select 'lv_tags!=\"\"'")
        return Set(text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") })
    }

    @Test("volumes are made, grown and deleted on both nodes, and files come to the one that does not serve")
    func mirrored() async throws {
        try await withPair { pair, primary, standby, client in
            try await primary.sh("convert2nfs volume create shop/more --size 304Mi --client \(client.spec.address)")
            #expect(try await volumes(standby).contains("shop.more 304.00m"))
            try await primary.sh("convert2nfs volume resize shop/more 352Mi")
            #expect(try await volumes(standby).contains("shop.more 352.00m"))
            try await client.sh("mkdir -p \(Self.mount)/deep; echo here >\(Self.mount)/deep/file; sync")
            try await standby.insist("grep -qx here \(Self.path)/deep/file")
            try await client.sh("rm \(Self.mount)/deep/file; sync")
            try await standby.insist("[ ! -e \(Self.path)/deep/file ]")
            try await primary.insist("convert2nfs volume delete shop/more")
            let (copied, served) = (try await volumes(standby), try await volumes(primary))
            #expect(copied == served && !copied.contains { $0.hasPrefix("shop.more") }, "\(copied), \(served)")
            let said = try await standby.sh("convert2nfs ha status; convert2nfs doctor")
            #expect(said.contains("follows the other's") && said.contains("shop/data"), "\(said)")
        }
    }

    @Test(
        "when the node that serves loses its power the other serves what it has copied, and on the way back no newer file is overwritten"
    )
    func killed() async throws {
        let lab = try #require(LabScope.lab)
        try await withPair { pair, primary, standby, client in
            try await client.sh("cd \(Self.mount); echo copied >copied; echo first >both; sync")
            try await standby.insist("grep -qx first \(Self.path)/both")
            // From here on the standby gets nothing more.
            try await lab.connect(standby, to: .replication, false)
            try await client.sh("cd \(Self.mount); echo lost >lost; echo older >both; sync")
            try await primary.cutPower()
            try await lab.connect(standby, to: .replication, true)
            try await pair.wait(until: standby, is: "primary")
            let found = try await client.sh(
                "cd \(Self.mount); cat copied both; ls lost 2>&1 || true", deadline: .seconds(60))
            #expect(found == "copied\nfirst\nls: cannot access 'lost': No such file or directory\n", "\(found)")
            try await client.sh("cd \(Self.mount); echo newer >both; echo second >second; sync")
            try await pair.boot(primary)
            try await pair.wait(until: primary, is: "standby", deadline: .seconds(180))
            try await pair.wait(until: standby, is: "primary")
            let kept = try await primary.sh(
                "cd \(Self.path); cat both second; cat .convert2nfs-kept/*/lost .convert2nfs-kept/*/both")
            #expect(kept == "newer\nsecond\nlost\nolder\n", "\(kept)")
            #expect(try await !primary.sh("ls \(Self.path)").contains("lost"))
            try await pair.moveService(from: standby)
            let after = try await client.sh("cd \(Self.mount); cat both second", deadline: .seconds(60))
            #expect(after == "newer\nsecond\n", "\(after)")
            try await client.sh("rm -r \(Self.mount)/.convert2nfs-kept")
        }
    }

    @Test("after each node has served without the other none does, until an operator says whose files count")
    func parted() async throws {
        var found: (first: Machine, second: Machine)?
        try await withPair { pair, primary, standby, client in
            found = (primary, standby)
            try await client.sh("echo first >\(Self.mount)/both; sync")
            try await standby.insist("grep -qx first \(Self.path)/both")
            try await primary.cutPower()
            try await pair.wait(until: standby, is: "primary")
            try await client.sh("echo newer >\(Self.mount)/both; sync", deadline: .seconds(60))
            try await standby.cutPower()
        }
        let (first, second) = try #require(found)
        // Nobody may switch off the one that is started last.
        let pair = PairNodes(first, second, storage: .rsync(interval: Self.interval))
        for machine in [second, first] { try await pair.boot(machine) }
        for machine in [second, first] { try await pair.wait(until: machine, is: "outdated") }
        let said = try await first.sh("convert2nfs ha status 2>&1 || true; convert2nfs ha resolve")
        #expect(said.contains("nobody serves") && said.contains("gone different ways"), "\(said)")
        try await second.sh("convert2nfs ha resolve --discard \(first.spec.name)")
        try await pair.wait(until: second, is: "primary")
        try await pair.wait(until: first, is: "standby", deadline: .seconds(120))
        try await first.insist("grep -qx newer \(Self.path)/both")
        let client = try machine("c1")
        #expect(try await client.sh("cat \(Self.mount)/both", deadline: .seconds(60)) == "newer\n")
    }

    @Test("an orderly switch there and back loses nothing that was written until then")
    func switched() async throws {
        try await withPair { pair, primary, standby, client in
            try await client.sh(
                """
                cat >/root/count <<'END'
                for number in $(seq 100000); do
                    [ ! -e /root/enough ] || break
                    echo $number >>\(Self.mount)/numbers && sync -f \(Self.mount)/numbers || echo $number >>/root/failed
                    echo $number >/root/last
                done
                : >/root/ended
                END
                rm -f /root/enough /root/failed /root/ended \(Self.mount)/numbers
                sh /root/count >/dev/null 2>&1 </dev/null &
                """)
            for (from, to) in [(primary, standby), (standby, primary)] {
                try await client.insist("[ $(wc -l <\(Self.mount)/numbers) -gt 20 ]")
                try await pair.wait(until: to, is: "standby")
                try await pair.moveService(from: from)
                try await pair.wait(until: to, is: "primary")
            }
            try await client.sh(": >/root/enough; until [ -e /root/ended ]; do sleep 0.1; done", deadline: .seconds(60))
            // What failed for a stale handle was not acknowledged, and is written or not.
            let lost = try await client.sh(
                """
                seq $(cat /root/last) >/root/wanted
                touch /root/failed
                sort -u \(Self.mount)/numbers /root/failed >/root/found
                sort /root/wanted | comm -23 - /root/found
                """)
            #expect(lost == "", "\(lost)")
        }
    }

    private static let isDrill = ProcessInfo.processInfo.environment["CONVERT2NFS_DRILL"] == "1"

    @Test(
        "a node that loses its power while it copies, or whose clock is an hour off, copies what it lacks and can serve it",
        .enabled("run this drill with \"make drill-ha\"") { isDrill }, arguments: [0, 3600, -3600])
    func lostWhileCopying(seconds: Int) async throws {
        try await withPair { pair, primary, standby, client in
            try await client.sh(
                "dd if=/dev/urandom of=\(Self.mount)/bulk bs=1M count=60 conv=fsync 2>&1", deadline: .seconds(120))
            try await standby.insist(
                "pgrep -f '[p]assword-file' >/dev/null && [ -e \(Self.path)/bulk -o -e \(Self.path)/.bulk.* ]")
            try await standby.cutPower()
            try await standby.start()
            try await standby.waitUntilReady()
            if seconds != 0 { try await standby.sh("date -s @$(($(date +%s) + \(seconds)))") }
            try await pair.start(standby)
            try await pair.wait(until: standby, is: "standby", deadline: .seconds(180))
            let sum = try await client.sh("sha256sum <\(Self.mount)/bulk")
            try await standby.insist(
                "[ \"$(sha256sum <\(Self.path)/bulk 2>/dev/null)\" = '\(sum.filter { !$0.isNewline })' ]")
            try await primary.cutPower()
            try await pair.wait(until: standby, is: "primary")
            #expect(try await client.sh("sha256sum <\(Self.mount)/bulk", deadline: .seconds(60)) == sum)
            if seconds != 0 { try await standby.sh("date -s @$(($(date +%s) - \(seconds)))") }
            try await pair.boot(primary)
            try await pair.wait(until: primary, is: "standby", deadline: .seconds(180))
            try await client.sh("rm \(Self.mount)/bulk; sync -f \(Self.mount)")
        }
    }
}
