import FoundationEssentials
import HostTools
import NFSClient
import NodeAPI
import Provisioning
import StorageCore

/// Whether the firewall lets clients to the ports they need: the one that was named, or those that volumes name.
struct FirewallCheck: Check {
    let manager: VolumeManager
    let settings: Doctor.Settings
    /// Nil for all.
    let key: VolumeKey?
    let client: ClientAddress?

    var name: String { "firewall" }

    /// A ruleset of many sets is long.
    private static let outputLimit = 16 << 20
    /// Of a node's clients; more would only repeat what these tell.
    private static let mostClients = 64

    func run() async throws(StorageError) -> Verdict {
        var verdict = Verdict()
        if hasOldRules {
            verdict.omissions.append("rules of the older iptables are loaded (iptables-legacy -L), which are not read")
        }
        let clients = try await clients()
        guard !clients.isEmpty else {
            verdict.omissions.append("there is no client to look at it for; name one with --from")
            return verdict
        }
        guard let tool = try? ToolLocator(searchPath: "").locate([.nft]).require(.nft) else {
            verdict.omissions.append(
                "nft is not installed, so whatever filters, it is not nftables as we could read it")
            return verdict
        }
        let facts = try await settings.host.look()
        let output = try await onHost("list the firewall's rules") { () async throws(HostError) in
            try await SystemCommandRunner().output(
                of: Invocation(
                    tool, ["-j", "list", "ruleset"], deadline: .seconds(15), outputLimit: Self.outputLimit))
        }
        let ruleset: Ruleset
        do throws(StorageError) { ruleset = try Ruleset(output.standardOutput) } catch {
            throw StorageError(.internal, "nft answered what is not understood: \(error.message)")
        }
        verdict += Self.judge(
            ruleset, clients: clients, doors: await doors(facts.target.text), facts: facts)
        return verdict
    }

    private func clients() async throws(StorageError) -> [ClientAddress] {
        if let client { return [client] }
        let volumes = try await manager.observation().volumes.filter { key == nil || $0.key == key }
        return Array(Set(volumes.flatMap { $0.clients.map(\.address) }).sorted().prefix(Self.mostClients))
    }

    private var hasOldRules: Bool {
        ["ip_tables_names", "ip6_tables_names"].contains { name in
            ((try? ControlFile.read("/proc/net/\(name)")) ?? nil)?.split(separator: "\n").contains("filter") == true
        }
    }

    /// A port that clients have to reach.
    struct Door: Hashable, Sendable {
        let transport: RPCProbe.Transport
        let port: UInt16
        var text: String { "\(port)/\(transport.rawValue)" }
    }

    /// NFSv4 needs one port (RFC 8881, section 2.9.3), NFSv3 those of its helpers too.
    private func doors(_ host: String) async -> [Door] {
        let nfs = settings.nfs
        if isVersion4Alone { return [Door(transport: .tcp, port: nfs.port)] }
        let mapper = RPCProbe(host: host, port: 111, deadline: .seconds(3))
        let monitor = try? await mapper.port(of: .statusMonitor, version: 1, over: .tcp)
        let ports = [nfs.port, nfs.mountdPort, 111, nfs.mountdPort + 1] + [monitor].compactMap(\.self)
        return ports.flatMap { port in RPCProbe.Transport.allCases.map { Door(transport: $0, port: port) } }
    }

    private var isVersion4Alone: Bool {
        settings.mountOptions.contains { $0.hasPrefix("nfsvers=4") || $0.hasPrefix("vers=4") }
    }

    static func judge(
        _ ruleset: Ruleset, clients: [ClientAddress], doors: [Door], facts: ServiceHost.Facts
    ) -> Verdict {
        var firewall = Firewall(ruleset)
        var blocked: [String: (clients: [ClientAddress], doors: [Door])] = [:]
        for client in clients where !client.isLoopback {
            let end = facts.local.first {
                (try? ClientAddress($0.text).isIPv6) == client.isIPv6
            }
            for door in doors {
                let packet = Packet(
                    source: client, destination: end.flatMap { try? ClientAddress($0.text) },
                    interface: end?.interface, transport: door.transport, port: door.port)
                guard let obstacle = firewall.obstacle(to: packet) else { continue }
                var entry = blocked[obstacle] ?? ([], [])
                if !entry.clients.contains(client) { entry.clients.append(client) }
                if !entry.doors.contains(door) { entry.doors.append(door) }
                blocked[obstacle] = entry
            }
        }
        return verdict(blocked, unclear: firewall.unclear)
    }

    /// One finding, for one command mends all of it.
    private static func verdict(
        _ blocked: [String: (clients: [ClientAddress], doors: [Door])], unclear: Set<String>
    ) -> Verdict {
        let notes =
            unclear.isEmpty
            ? []
            : [
                "firewall rules with what is not understood here, taken as not matching: "
                    + unclear.sorted().joined(separator: "; ")
            ]
        guard !blocked.isEmpty else { return Verdict(notes: notes) }
        let doors = Set(blocked.values.flatMap(\.doors)).sorted { ($0.port, $0.text) < ($1.port, $1.text) }
        let clients = Set(blocked.values.flatMap(\.clients)).sorted()
        let few = clients.prefix(4).map(\.description).joined(separator: ", ") + (clients.count > 4 ? ", …" : "")
        let from = clients.prefix(16).map { "--from \($0)" }.joined(separator: " ")
        return Verdict(
            findings: [
                Finding(
                    .portBlocked, "node",
                    "the firewall keeps \(few) from \(doors.map(\.text).joined(separator: ", "))",
                    evidence: blocked.keys.sorted().joined(separator: "; "),
                    remedy:
                        "convert2nfs firewall --for nftables \(from) prints what lets them in; a rule that drops comes out with "
                        + "nft delete rule FAMILY TABLE CHAIN handle HANDLE")
            ], notes: notes)
    }
}

extension ClientAddress {
    /// This host's own, of which nothing comes in by another interface.
    fileprivate var isLoopback: Bool { isIPv6 ? description == "::1" : bytes[0] == 127 }
}
