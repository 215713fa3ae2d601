import ArgumentParser
import NodeAPI

/// How a firewall is told.
enum FirewallStyle: String, ExpressibleByArgument, CaseIterable, Sendable {
    case nftables
    case iptables
    case firewalld
}

/// What clients of a node's NFS server have to reach, and the commands that let them. Pure.
struct FirewallRules: Sendable {
    /// In order: rpcbind, NFS, mountd, the lock manager, and statd where its port is known.
    let ports: [UInt16]
    /// None is everybody.
    let sources: [ClientAddress]

    init(node: NodeDocument.NFS, sources: [ClientAddress]) {
        // rpcbind's is its program's own (RFC 1833, section 3); the others follow mountd's in docs/operations.md.
        let fixed = [111, node.port, node.mountdPort, node.mountdPort + 1]
        ports = fixed + (node.server == "kernel" ? [node.mountdPort + 2] : [])
        self.sources = sources
    }

    func lines(_ style: FirewallStyle) -> [String] {
        switch style {
        case .nftables: each(nftables)
        case .iptables: each(iptables)
        case .firewalld: firewalld
        }
    }

    private static let protocols = ["tcp", "udp"]

    private func each(_ line: (String, ClientAddress?) -> [String]) -> [String] {
        Self.protocols.flatMap { name in
            sources.isEmpty ? line(name, nil) : sources.flatMap { line(name, $0) }
        }
    }

    private func nftables(_ name: String, _ source: ClientAddress?) -> [String] {
        let match = source.map { "\($0.isIPv6 ? "ip6" : "ip") saddr \($0) " } ?? ""
        let list = ports.map(String.init).joined(separator: ", ")
        return ["nft add rule inet filter input '\(match)\(name) dport { \(list) } accept'"]
    }

    /// At most 15 ports go into one rule (iptables-extensions(8), multiport).
    private func iptables(_ name: String, _ source: ClientAddress?) -> [String] {
        let programs = source.map { [$0.isIPv6 ? "ip6tables" : "iptables"] } ?? ["iptables", "ip6tables"]
        let list = ports.map(String.init).joined(separator: ",")
        let match = source.map { "-s \($0) " } ?? ""
        return programs.map { "\($0) -I INPUT \(match)-p \(name) -m multiport --dports \(list) -j ACCEPT" }
    }

    private var firewalld: [String] {
        let rules = Self.protocols.flatMap { name in
            ports.flatMap { port in
                sources.isEmpty ? ["--add-port=\(port)/\(name)"] : sources.map { richRule($0, port, name) }
            }
        }
        return rules.map { "firewall-cmd --permanent \($0)" } + ["firewall-cmd --reload"]
    }

    private func richRule(_ source: ClientAddress, _ port: UInt16, _ name: String) -> String {
        let family = source.isIPv6 ? "ipv6" : "ipv4"
        return "--add-rich-rule='rule family=\"\(family)\" source address=\"\(source)\""
            + " port port=\"\(port)\" protocol=\"\(name)\" accept'"
    }
}
