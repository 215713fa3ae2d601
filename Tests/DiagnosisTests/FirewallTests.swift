import NFSClient
import NodeAPI
import StorageCore
import TestSupport
import Testing

@testable import Diagnosis

@Suite("The firewall's rules", .tags(.unit))
struct FirewallTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var from = "10.77.0.30"
        var transport = RPCProbe.Transport.tcp
        let port: UInt16
        var interface: String? = "data0"
        /// Part of what keeps it out; nil if nothing does.
        let obstacle: String?

        var testDescription: String {
            "\(from) to \(port)/\(transport) at \(interface ?? "?"): \(obstacle ?? "let in")"
        }
    }

    @Test(
        "a new connection meets the rule that nftables would apply",
        arguments: [
            Case(port: 2049, obstacle: nil),
            Case(port: 22, obstacle: nil),
            Case(port: 80, obstacle: "table inet filter, chain input: policy drop"),
            Case(port: 80, interface: "mgmt0", obstacle: nil),
            Case(port: 80, interface: nil, obstacle: "policy drop"),
            // Of the set, and of a network in it.
            Case(from: "10.77.0.21", port: 2049, obstacle: "handle 11: [{\"match\""),
            Case(from: "10.99.3.0/24", port: 2049, obstacle: "handle 11"),
            Case(from: "10.98.0.1", port: 2049, obstacle: "policy drop"),
            // Through a jump, which returns where it does not let in.
            Case(transport: .udp, port: 2049, obstacle: nil),
            Case(from: "10.77.0.200", transport: .udp, port: 2049, obstacle: "policy drop"),
            Case(from: "192.0.2.9", transport: .udp, port: 2050, obstacle: nil),
            Case(from: "192.0.2.10", transport: .udp, port: 2050, obstacle: "policy drop"),
            // Through a goto, whose return ends the chain that it came from.
            Case(port: 111, obstacle: nil),
            Case(port: 20049, obstacle: "policy drop"),
            Case(from: "10.88.1.1", port: 111, obstacle: "policy drop"),
            Case(from: "10.88.1.1", transport: .udp, port: 111, obstacle: nil),
            // Another table, for IPv6 alone, comes before.
            Case(from: "fd00::7", port: 2049, obstacle: "table ip6 six, chain in, handle 2"),
            Case(from: "fd01::7", port: 2049, obstacle: "policy drop"),
            // Before routing.
            Case(from: "10.66.1.1", port: 111, obstacle: "table inet raw, chain pre, handle 2"),
        ])
    func verdicts(_ case: Case) throws {
        var firewall = Firewall(try Ruleset(Array(Captured.ruleset.utf8)))
        let obstacle = firewall.obstacle(
            to: Packet(
                source: try ClientAddress(`case`.from), destination: nil, interface: `case`.interface,
                transport: `case`.transport, port: `case`.port))
        if let part = `case`.obstacle {
            #expect(obstacle?.contains(part) == true, "\(obstacle ?? "let in")")
        } else {
            #expect(obstacle == nil)
        }
    }

    @Test("no rules let everybody in, and a rule that is not understood is told of and matches nothing")
    func unclear() throws {
        var none = Firewall(try Ruleset(Array(#"{"nftables": [{"metainfo": {"version": "1.0.6"}}]}"#.utf8)))
        let packet = Packet(
            source: try ClientAddress("10.0.0.1"), destination: nil, interface: nil, transport: .tcp, port: 2049)
        #expect(none.obstacle(to: packet) == nil)
        var strange = Firewall(try Ruleset(Array(Captured.strange.utf8)))
        #expect(strange.obstacle(to: packet) == nil)
        #expect(strange.unclear == ["table ip filter, chain INPUT, handle 3"])
    }

    @Test("blocked ports and clients are one finding, and a firewall that lets them in is none")
    func judgement() throws {
        let ruleset = try Ruleset(Array(Captured.ruleset.utf8))
        let doors = [(RPCProbe.Transport.tcp, 2049), (.tcp, 111), (.tcp, 20049)].map {
            FirewallCheck.Door(transport: $0.0, port: $0.1)
        }
        let facts = ServiceHost.Facts(addresses: ["10.77.0.11"], local: [.init(interface: "data0", text: "10.77.0.11")])
        let clients = try ["10.77.0.21", "10.77.0.30", "127.0.0.1"].map { try ClientAddress($0) }
        let verdict = FirewallCheck.judge(ruleset, clients: clients, doors: doors, facts: facts)
        let finding = try #require(verdict.findings.first)
        #expect(verdict.findings.count == 1)
        #expect(finding.message == "the firewall keeps 10.77.0.21, 10.77.0.30 from 2049/tcp, 20049/tcp")
        #expect(finding.evidence.contains("handle 11") && finding.evidence.contains("policy drop"))
        #expect(finding.remedy.contains("--from 10.77.0.21 --from 10.77.0.30"))
        let open = FirewallCheck.judge(ruleset, clients: [clients[1]], doors: [doors[0], doors[1]], facts: facts)
        #expect(open.findings == [])
    }
}
