import FoundationEssentials
import HostTools
import Lab
import Testing

/// Two storage nodes that start as operators' do: systemd, the project's unit, and the host's own of keepalived and the NFS server.
@Suite("A pair under systemd", .serialized, .machines(.p1.withSystemd, .p2.withSystemd, .c1))
struct PairSystemdTests {
    private func withPair(
        _ name: String, _ body: (PairNodes, _ primary: Machine, _ standby: Machine, Application) async throws -> Void
    ) async throws {
        let (s1, s2) = (try machine("s1"), try machine("s2"))
        let pair = PairNodes(s1, s2)
        try await FenceService([s1, s2]).serving {
            if try await s1.sh("ls /etc/convert2nfs 2>/dev/null || true").isEmpty { try await setUp(pair) }
            let primary = try await pair.primary()
            let standby = primary.spec.name == "s1" ? s2 : s1
            try await pair.wait(until: standby, is: "standby", deadline: .seconds(180))
            try await primary.sh("convert2nfs volume create shop/data --size 304Mi --client 10.77.0.21")
            try await body(pair, primary, standby, Application(on: try machine("c1"), name))
        }
    }

    private func setUp(_ pair: PairNodes) async throws {
        for machine in pair.nodes {
            try await pair.bringFiles(machine)
            try await machine.write(
                [UInt8](Data(contentsOf: URL(filePath: SystemdTests.unit))),
                to: "/etc/systemd/system/convert2nfsd.service")
            try await machine.sh(
                """
                systemctl is-system-running --wait >/dev/null || true
                systemctl enable --quiet --now convert2nfsd
                """, deadline: .seconds(180))
        }
        try await pair.nodes[0].sh("convert2nfs ha setup", deadline: .seconds(240))
        // The host's own, and no other beside it.
        for machine in pair.nodes {
            try await machine.insist("systemctl is-active --quiet keepalived")
            #expect(
                try await machine.sh(
                    "for one in $(pidof keepalived); do grep -q keepalived.service /proc/$one/cgroup || echo $one; done"
                )
                    == "")
        }
    }

    /// Starts a machine that is off: all else it does by itself.
    private func boot(_ machine: Machine) async throws {
        try await machine.start()
        try await machine.waitUntilReady()
    }

    @Test(
        "a node that is shut down lets the other one serve, which goes on at once; it comes back as standby, without the address"
    )
    func reboots() async throws {
        try await withPair("reboot") { pair, primary, standby, application in
            try await application.start("/nfs/shopdata", from: PairNodes.address, options: "nfsvers=4.1")
            try await application.proceed()
            // The one that serves, and then the one that does so no more: neither is to be missed, nor cut off.
            for machine in [primary, primary] {
                _ = try? await machine.sh("systemctl reboot", deadline: .seconds(10))
                try await machine.waitUntilOff(deadline: .seconds(120))
                try await application.proceed()
                try await boot(machine)
                try await pair.wait(until: machine, is: "standby", deadline: .seconds(240))
                #expect(try await pair.addressHolders() == [standby.spec.name])
                let left = try await machine.sh("journalctl -b -1 -u convert2nfsd --no-pager -o cat | tail -n 60")
                #expect(left.contains("has left the pair"), "\(left)")
                let log = try await standby.sh("cat /var/log/convert2nfs.log")
                #expect(
                    !log.contains("being switched off") && log.contains("this node of the pair is primary"), "\(log)")
                try await application.proceed()
            }
            let result = try await application.stop()
            #expect(result.errors == "none" && result.lost == 0 && result.unanswered == 0, "\(result)")
            print("reboots under systemd: longest call \(result.longest)")
        }
    }

    @Test(
        "after a loss of power the other one serves; it boots with keepalived enabled, and does not take the address back"
    )
    func losesPower() async throws {
        try await withPair("power") { pair, first, _, application in
            // The one whose adverts would win.
            let (primary, standby) = (pair.nodes[0], pair.nodes[1])
            if first.spec.name != primary.spec.name {
                try await first.sh("convert2nfs ha failback --auto", deadline: .seconds(240))
                try await pair.wait(until: standby, is: "standby", deadline: .seconds(180))
            }
            try await application.start("/nfs/shopdata", from: PairNodes.address, options: "nfsvers=3")
            try await application.proceed()
            try await primary.cutPower()
            try await pair.wait(until: standby, is: "primary")
            try await application.proceed()
            try await boot(primary)
            try await pair.wait(until: primary, is: "standby", deadline: .seconds(240))
            #expect(try await pair.addressHolders() == [standby.spec.name])
            #expect(try await primary.sh("systemctl is-active keepalived convert2nfsd") == "active\nactive\n")
            try await application.proceed()
            let result = try await application.stop()
            #expect(result.errors == "none" && result.lost == 0, "\(result)")
        }
    }

    @Test(
        "the daemon and the host's keepalived, started anew on either node, cost no error, and but for the address's holder nothing"
    )
    func restarts() async throws {
        try await withPair("restart") { pair, primary, standby, application in
            try await application.start("/nfs/shopdata", from: PairNodes.address, options: "nfsvers=4.1")
            try await application.proceed()
            for machine in [standby, primary] {
                try await machine.sh("systemctl restart convert2nfsd", deadline: .seconds(60))
                try await machine.insist("convert2nfs health")
                try await application.proceed()
            }
            try await standby.sh("systemctl restart keepalived", deadline: .seconds(60))
            try await application.proceed()
            #expect(try await pair.addressHolders() == [primary.spec.name])
            let result = try await application.stop()
            #expect(result.errors == "none" && result.lost == 0 && result.unanswered == 0, "\(result)")
            // It gives the address up; the service follows that, or gets it back.
            let later = Application(on: try machine("c1"), "holder")
            try await later.start("/nfs/shopdata", from: PairNodes.address, options: "nfsvers=4.1")
            try await later.proceed()
            try await primary.sh("systemctl restart keepalived", deadline: .seconds(60))
            try await later.proceed()
            let serves = try await pair.primary()
            try await serves.insist("ip -o -4 address show dev data0 | grep -q \(PairNodes.address)/")
            try await later.proceed()
            let after = try await later.stop()
            #expect(after.errors == "none" && after.lost == 0, "\(after)")
        }
    }
}
