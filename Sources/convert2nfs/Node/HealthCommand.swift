import ArgumentParser
import NodeAPI

struct HealthCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Say whether the node's daemon works.")

    @Flag(help: "Ask whether it has started too: all volumes mounted and exported, and the NFS server serves.")
    var ready = false

    @Option(help: ArgumentHelp("Wait so long for it to be so.", valueName: "seconds"))
    var wait: UInt16 = 0

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "asking the node" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let health = try await waiting { () async throws(StorageError) in
            try await ready ? context.client.ready() : context.client.health()
        }
        let failure = Report.Failure(message: "the daemon answers, but it is not well", status: .unavailable)
        return Report(
            health, text: health.health, names: [health.health], failure: health.isOK ? nil : failure)
    }

    /// A daemon that is being started has no socket yet.
    private func waiting(
        _ ask: () async throws(StorageError) -> HealthDocument
    ) async throws(StorageError) -> HealthDocument {
        let end = ContinuousClock.now + .seconds(Int(wait))
        while true {
            do throws(StorageError) {
                return try await ask()
            } catch {
                guard error.code == .unavailable, ContinuousClock.now < end,
                    (try? await Task.sleep(for: .milliseconds(100))) != nil
                else { throw error }
            }
        }
    }
}
