import ArgumentParser
import NodeAPI

struct SnapshotCreate: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Take a snapshot of a volume as it is now.",
        discussion: "A snapshot of that name is left as it is.")

    @Argument(help: ArgumentHelp("NAMESPACE/NAME@SNAPSHOT", valueName: "snapshot"), transform: snapshotKey)
    var key: SnapshotKey

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "taking snapshot \(key)" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let result = try await context.client.createSnapshot(key)
        let what = result.outcome == .changed ? "created" : "unchanged"
        return Report(
            result.document, text: "snapshot \(key) \(what): \(result.document.capacityBytes)",
            names: [key.description])
    }
}
