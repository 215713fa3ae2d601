import HostTools
import StorageCore

/// Drops what comes to the service address at the service's ports, and what would go out from them, so that clients wait instead of
/// being refused. It is a table of its own in nftables, and lies before connection tracking, which so keeps nothing of what was
/// dropped. Pure.
///
/// Ports that are open for a time close by themselves, in the kernel, also when the program hangs or has ended.
struct GateRules: Hashable, Sendable {
    /// Of nftables; whatever else is in it goes.
    static let table = "convert2nfs_gate"

    let address: ClientAddress
    let ports: Set<UInt16>

    /// For `nft -f -`, which does all of it or nothing.
    func script(_ opening: GateOpening) -> String {
        // Declared first, so that deleting it never fails.
        let absent = "table inet \(Self.table) {}\ndelete table inet \(Self.table)\n"
        return switch opening {
        case .closed: absent + dropping(but: "")
        case .draining: absent + dropping(but: "", isDraining: true)
        case .open: absent
        case .limited(let rest): absent + dropping(but: "elements = { \(element(rest)) }")
        case .extended(let rest):
            """
            delete element inet \(Self.table) open { \(address) }
            add element inet \(Self.table) open { \(element(rest)) }

            """
        }
    }

    private func element(_ rest: Duration) -> String {
        let milliseconds = rest.components.seconds * 1000 + rest.components.attoseconds / 1_000_000_000_000_000
        return "\(address) timeout \(max(1, milliseconds))ms"
    }

    /// Drops what concerns the address, unless it is among `elements`. While it drains, answers go out, and no word of an end.
    private func dropping(but elements: String, isDraining: Bool = false) -> String {
        let (family, type) = address.isIPv6 ? ("ip6", "ipv6_addr") : ("ip", "ipv4_addr")
        let list = ports.sorted().map(String.init).joined(separator: ", ")
        func chain(_ hook: String, _ end: String, _ port: String, _ which: String = "meta l4proto { tcp, udp }")
            -> String
        {
            """
                chain \(hook) {
                    type filter hook \(hook) priority raw - 10; policy accept;
                    \(family) \(end) \(address) \(family) \(end) != @open \(which) th \(port) { \(list) } drop
                }

            """
        }
        return "table inet \(Self.table) {\n    set open { type \(type); flags timeout; \(elements) }\n"
            + chain("input", "daddr", "dport")
            + (isDraining
                ? chain("output", "saddr", "sport", "tcp flags & (fin | rst) != 0")
                : chain("output", "saddr", "sport")) + "}\n"
    }
}

/// Whether clients are let in.
package enum GateOpening: Hashable, Sendable {
    case closed
    /// Nothing more comes in; answers to what came before still go out.
    case draining
    case open
    /// For so long, and then no more.
    case limited(Duration)
    /// For so long from now on; refused where they have closed meanwhile.
    case extended(Duration)

    var isClosed: Bool { self == .closed || self == .draining }
}

/// Opens and closes the service's ports. Needs root and nftables.
package struct ServiceGate: Sendable {
    package static let requiredTools: [ToolName] = [.nft]

    private let rules: GateRules
    private let nft: Tool
    private let runner: any CommandRunner

    package init(
        address: ClientAddress, ports: Set<UInt16>, toolbox: Toolbox, runner: any CommandRunner
    ) throws(StorageError) {
        do throws(HostError) { nft = try toolbox.require(.nft) } catch { throw StorageError(.unavailable, "\(error)") }
        rules = GateRules(address: address, ports: ports)
        self.runner = runner
    }

    /// Ensures the ports are open, or closed. Throws `unavailable` if nftables does not do it: then nothing is known of them.
    package func set(_ opening: GateOpening, within limit: Duration = .seconds(15)) async throws(StorageError) {
        do throws(HostError) {
            try await runner.output(
                of: Invocation(
                    nft, ["-f", "-"], deadline: limit, standardInput: Array(rules.script(opening).utf8)))
        } catch {
            throw StorageError(
                .unavailable,
                "the service's ports could not be \(opening.isClosed ? "closed" : "opened") (nft): \(error)")
        }
    }
}
