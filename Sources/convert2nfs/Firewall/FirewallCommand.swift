import ArgumentParser
import NodeAPI

struct FirewallCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "firewall", abstract: "Print the commands that let clients through this node's firewall.",
        discussion: """
            They are printed and not run. Those for nftables add to the chain "input" of the table "inet filter", which \
            Debian's /etc/nftables.conf has.
            """)

    @Option(help: "For which firewall.")
    var `for`: FirewallStyle = .nftables

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("Let these clients through and nobody else; may be repeated.", valueName: "address"),
        transform: clientAddress)
    var from: [ClientAddress] = []

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "asking the node for its ports" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let rules = FirewallRules(node: try await context.client.node().nfs, sources: from)
        let lines = rules.lines(self.for)
        return Report(
            FirewallDocument(ports: rules.ports, commands: lines), text: lines.joined(separator: "\n"), names: lines)
    }
}

private struct FirewallDocument: Encodable, Sendable {
    let ports: [UInt16]
    let commands: [String]
}
