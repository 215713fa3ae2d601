import ArgumentParser
import NodeAPI

struct PairLeave: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "leave",
        abstract: "Before this machine goes down: let the other node go on without it, with the service if it is here.",
        discussion: """
            Clients of the other node do not wait for this one then, and it is not switched off as one that was lost. It takes \
            part again when its daemon is started anew. The unit that comes with the project does it at shutdown.
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "leaving the pair" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let pair = try await settled(context.client)
        guard let own = pair.nodes.first?.name, let other = pair.nodes.last?.name else {
            throw StorageError(.internal, "the node does not say which ones the pair has")
        }
        if pair.primary == own {
            let move = ServiceSwitch(client: context.client, patience: connection.timeout)
            _ = try await move.run(to: other)
        }
        return Report(try await context.client.leavePair(), text: "\(own) has left the pair", names: [own.value])
    }

    /// The pair once no move is on its way, to whichever node that goes.
    private func settled(_ client: NodeClient) async throws(StorageError) -> PairDocument {
        let end = ContinuousClock.now + connection.timeout
        while true {
            let pair = try await client.pair()
            let isMoving = pair.nodes.contains { $0.role == .demoting || $0.role == .promoting }
            guard isMoving, ContinuousClock.now < end, (try? await Task.sleep(for: .milliseconds(200))) != nil else {
                return pair
            }
        }
    }
}
