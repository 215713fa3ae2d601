import ArgumentParser
import NodeAPI

struct SnapshotDelete: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a snapshot.", discussion: "One that is not there is fine.")

    @Argument(help: ArgumentHelp("NAMESPACE/NAME@SNAPSHOT", valueName: "snapshot"), transform: snapshotKey)
    var key: SnapshotKey

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "deleting snapshot \(key)" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let client = context.client
        let wasThere = try await isThere { () async throws(StorageError) in _ = try await client.snapshot(key) }
        try await client.deleteSnapshot(key)
        return Deletion(kind: "snapshot", name: key.description, wasThere: wasThere).report
    }
}
