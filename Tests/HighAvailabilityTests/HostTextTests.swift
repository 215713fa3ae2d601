import StorageCore
import TestSupport
import Testing

@testable import HighAvailability

@Suite("What the host's programs are told of a pair", .tags(.unit))
struct HostTextTests {
    private func settings(priority: Int = 100, adverts: Int = 50) throws -> KeepalivedSettings {
        KeepalivedSettings(
            node: try NodeName("a"), priority: priority, address: try ClientAddress("10.77.0.100"), prefixLength: 24,
            interface: "data0", routerID: 51, advertCentiseconds: adverts, events: "/run/convert2nfs/vrrp",
            fitness: "/run/convert2nfs/fitness")
    }

    @Test("both nodes' keepalived has the same instance, but for the name and the priority")
    func keepalived() throws {
        let text = try settings().text
        for line in [
            "vrrp_version 3", "virtual_router_id 51", "interface data0", "priority 100", "advert_int 0.50",
            "10.77.0.100/24", "vrrp_notify_fifo /run/convert2nfs/vrrp", "file /run/convert2nfs/fitness",
            "init_file -254",
        ] {
            #expect(text.split(separator: "\n").contains { $0.hasSuffix(line) }, "\(line)")
        }
        var other = try settings(priority: 50)
        other.node = try NodeName("b")
        let differing = zip(text.split(separator: "\n"), other.text.split(separator: "\n")).filter { $0 != $1 }
        #expect(differing.count == 2)
    }

    @Test(
        "hundredths of a second are written as keepalived reads them",
        arguments: [(5, "0.05"), (100, "1.00"), (130, "1.30")])
    func adverts(centiseconds: Int, text: String) throws {
        #expect(try settings(adverts: centiseconds).text.contains("advert_int \(text)\n"))
    }

    @Test("a node that serves goes before every other, and one that must not have the address has none")
    func fitness() throws {
        let values = [FailoverMachine.Fitness.unfit, .fit, .serving].map {
            Int(KeepalivedSettings.text(of: $0).dropLast())
        }
        #expect(values == [-254, 0, KeepalivedSettings.servingBonus])
        #expect(1 + KeepalivedSettings.servingBonus > KeepalivedSettings.highestPriority)
        #expect(KeepalivedSettings.highestPriority + KeepalivedSettings.servingBonus < 255)
    }

    @Test(
        "keepalived's events are of our instance, or of no matter",
        arguments: [
            ("INSTANCE \"convert2nfs\" MASTER 150", AddressState.held),
            ("INSTANCE \"convert2nfs\" BACKUP 150", .notHeld),
            ("INSTANCE \"convert2nfs\" FAULT 150", .fault), ("INSTANCE \"convert2nfs\" STOP 150", .notHeld),
            ("INSTANCE \"other\" MASTER 150", nil), ("GROUP \"convert2nfs\" MASTER 150", nil),
            ("INSTANCE \"convert2nfs\" MASTER_RX_LOWER_PRI 150", nil), ("", nil),
        ] as [(String, AddressState?)])
    func events(line: String, state: AddressState?) {
        #expect(KeepalivedEvent.state(line) == state)
    }

    @Test(
        "a closed gate drops both ways, and an open one is none at all",
        arguments: [("10.77.0.100", "ip"), ("fd00::64", "ip6")])
    func gate(address: String, family: String) throws {
        let rules = GateRules(address: try ClientAddress(address), ports: [2049, 111])
        let closed = rules.script(.closed)
        #expect(
            closed.contains(
                "\(family) daddr \(address) \(family) daddr != @open meta l4proto { tcp, udp } th dport { 111, 2049 } drop"
            ))
        #expect(
            closed.contains(
                "\(family) saddr \(address) \(family) saddr != @open meta l4proto { tcp, udp } th sport { 111, 2049 } drop"
            ))
        let draining = rules.script(.draining)
        #expect(
            draining.contains("meta l4proto { tcp, udp } th dport { 111, 2049 } drop")
                && draining.contains("!= @open tcp flags & (fin | rst) != 0 th sport { 111, 2049 } drop"))
        let limited = rules.script(.limited(.milliseconds(4200)))
        #expect(limited.contains("elements = { \(address) timeout 4200ms }") && limited.contains("drop"))
        let open = rules.script(.open)
        #expect(closed.hasPrefix(open) && !open.contains("drop") && open.contains("delete table inet convert2nfs_gate"))
    }
}
