import ArgumentParser
import NodeAPI

struct OperationList: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the operations that run, and the latest that ended.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "listing operations" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let operations = try await context.client.operations()
        let table = Table(
            header: ["OPERATION", "KIND", "RESOURCE", "STATE", "STEP", "PROGRESS", "AGE"],
            rows: operations.map { operation in
                [
                    operation.id, operation.kind, operation.resource, operation.state.rawValue, operation.step ?? "-",
                    operation.shownProgress, operation.startedAt.age(at: context.now),
                ]
            })
        return Report(
            OperationListDocument(operations: operations), text: table.text, names: operations.map(\.id))
    }
}
