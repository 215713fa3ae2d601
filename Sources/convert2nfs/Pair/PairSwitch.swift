import ArgumentParser
import NodeAPI

struct PairSwitch: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "switch", abstract: "Move the service to the other node, in order: clients wait and see no error.",
        discussion: "To be asked of the node that serves. It returns once the other one does.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "moving the service" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let before = try await context.client.pair()
        if let asked = before.nodes.first?.name, let primary = before.primary, primary != asked {
            throw StorageError(.conflict, "\(primary) serves already; ask there to move the service to \(asked)")
        }
        let begin = try await context.client.switchService()
        guard let target = begin.nodes.last?.name else {
            throw StorageError(.internal, "the node does not say who the other one is")
        }
        let end = ContinuousClock.now + connection.timeout
        var pair = begin
        while pair.primary != target {
            guard ContinuousClock.now < end, (try? await Task.sleep(for: .milliseconds(200))) != nil else {
                throw StorageError(
                    .unavailable, "\(target) does not serve yet: \(pair.problems.joined(separator: "; "))")
            }
            pair = try await context.client.pair()
        }
        return Report(pair, text: "\(target) serves", names: [target.value])
    }
}
