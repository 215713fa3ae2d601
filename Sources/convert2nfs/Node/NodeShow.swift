import ArgumentParser
import NodeAPI

struct NodeShow: NodeCommand {
    static let configuration = CommandConfiguration(commandName: "node", abstract: "Show the node and its NFS server.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "asking the node" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let node = try await context.client.node()
        let sheet = Sheet(lines: [
            ("Node", node.name),
            ("Version", node.version),
            ("Started", "\(node.startedAt) (\(node.startedAt.age(at: context.now)) ago)"),
            ("NFS server", node.nfs.server),
            ("Address", node.nfs.address),
            ("Ports", "nfs \(node.nfs.port), mountd \(node.nfs.mountdPort)"),
            ("Pools", node.pools.map(\.value).joined(separator: ", ")),
            ("Volumes", node.volumes.map(String.init) ?? "none here: the node is standby"),
        ])
        return Report(node, text: sheet.text, names: [node.name])
    }
}
