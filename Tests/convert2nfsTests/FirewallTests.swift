import NodeAPI
import Testing

@testable import convert2nfs

@Suite("Rules for firewalls")
struct FirewallTests {
    private func rules(_ sources: [String], server: String = "kernel") throws -> FirewallRules {
        FirewallRules(
            node: .init(server: server, address: "192.0.2.10", port: 2049, mountdPort: 20048),
            sources: try sources.map { try ClientAddress($0) })
    }

    @Test("everybody is let to every port, over both protocols", arguments: FirewallStyle.allCases)
    func everybody(_ style: FirewallStyle) throws {
        let expected: [FirewallStyle: [String]] = [
            .nftables: ["tcp", "udp"].map {
                "nft add rule inet filter input '\($0) dport { 111, 2049, 20048, 20049, 20050 } accept'"
            },
            .iptables: ["tcp", "udp"].flatMap { name in
                ["iptables", "ip6tables"].map {
                    "\($0) -I INPUT -p \(name) -m multiport --dports 111,2049,20048,20049,20050 -j ACCEPT"
                }
            },
            .firewalld: ["tcp", "udp"].flatMap { name in
                [111, 2049, 20048, 20049, 20050].map { "firewall-cmd --permanent --add-port=\($0)/\(name)" }
            } + ["firewall-cmd --reload"],
        ]
        #expect(try rules([]).lines(style) == expected[style])
    }

    @Test("named clients are let through with their own family's rules")
    func named() throws {
        let rules = try rules(["10.0.0.0/24", "fd00::/64"], server: "ganesha")
        #expect(rules.ports == [111, 2049, 20048, 20049])
        #expect(
            rules.lines(.nftables).prefix(2) == [
                "nft add rule inet filter input 'ip saddr 10.0.0.0/24 tcp dport { 111, 2049, 20048, 20049 } accept'",
                "nft add rule inet filter input 'ip6 saddr fd00::/64 tcp dport { 111, 2049, 20048, 20049 } accept'",
            ])
        #expect(
            rules.lines(.iptables).prefix(2) == [
                "iptables -I INPUT -s 10.0.0.0/24 -p tcp -m multiport --dports 111,2049,20048,20049 -j ACCEPT",
                "ip6tables -I INPUT -s fd00::/64 -p tcp -m multiport --dports 111,2049,20048,20049 -j ACCEPT",
            ])
        #expect(
            rules.lines(.firewalld).first
                == "firewall-cmd --permanent --add-rich-rule='rule family=\"ipv4\" source address=\"10.0.0.0/24\""
                + " port port=\"111\" protocol=\"tcp\" accept'")
        #expect(rules.lines(.firewalld).count == 2 * 4 * 2 + 1)
    }
}
