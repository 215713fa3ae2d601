import ArgumentParser
import NodeAPI

struct OperationShow: NodeCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show one operation.")

    @Argument(help: "The operation's id.")
    var operation: String

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "asking for operation \(operation)" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let document = try await context.client.operation(operation)
        let sheet = Sheet(lines: [
            ("Operation", document.id),
            ("Kind", document.kind),
            ("Resource", document.resource),
            ("State", document.state.rawValue),
            ("Step", document.step ?? "-"),
            ("Progress", document.shownProgress),
            ("Error", document.error?.detail ?? "-"),
            ("Started", document.startedAt.description),
            ("Ended", document.endedAt?.description ?? "-"),
        ])
        return Report(document, text: sheet.text, names: [document.id])
    }
}
