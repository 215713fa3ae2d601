import HostTools
import StorageCore

/// Drops what comes to the service address at the service's ports, and what would go out from them, so that clients wait instead of
/// being refused. It is a table of its own in nftables, and lies before connection tracking, which so keeps nothing of what was
/// dropped. Pure.
struct GateRules: Hashable, Sendable {
    /// Of nftables; whatever else is in it goes.
    static let table = "convert2nfs_gate"

    let address: ClientAddress
    let ports: Set<UInt16>

    /// For `nft -f -`, which does all of it or nothing.
    func script(isOpen: Bool) -> String {
        // Declared first, so that deleting it never fails.
        let absent = "table inet \(Self.table) {}\ndelete table inet \(Self.table)\n"
        return isOpen ? absent : absent + closed
    }

    private var closed: String {
        let family = address.isIPv6 ? "ip6" : "ip"
        let list = ports.sorted().map(String.init).joined(separator: ", ")
        func chain(_ hook: String, _ end: String, _ port: String) -> String {
            """
                chain \(hook) {
                    type filter hook \(hook) priority raw - 10; policy accept;
                    \(family) \(end) \(address) meta l4proto { tcp, udp } th \(port) { \(list) } drop
                }

            """
        }
        return "table inet \(Self.table) {\n" + chain("input", "daddr", "dport") + chain("output", "saddr", "sport")
            + "}\n"
    }
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
    package func set(isOpen: Bool) async throws(StorageError) {
        do throws(HostError) {
            try await runner.output(
                of: Invocation(
                    nft, ["-f", "-"], deadline: .seconds(15), standardInput: Array(rules.script(isOpen: isOpen).utf8)))
        } catch {
            throw StorageError(
                .unavailable, "the service's ports could not be \(isOpen ? "opened" : "closed") (nft): \(error)")
        }
    }
}
