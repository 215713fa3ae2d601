import ArgumentParser
import NodeAPI

struct HealthCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Say whether the node's daemon works.")

    @Flag(help: "Ask whether it has started too: all volumes mounted and exported, and the NFS server serves.")
    var ready = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "asking the node" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let health = try await ready ? context.client.ready() : context.client.health()
        let failure = Report.Failure(message: "the daemon answers, but it is not well", status: .unavailable)
        return Report(
            health, text: health.health, names: [health.health], failure: health.isOK ? nil : failure)
    }
}
