import ArgumentParser
import NodeAPI

struct SnapshotList: NodeCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the snapshots of a volume.")

    @Argument(help: ArgumentHelp("NAMESPACE/NAME", valueName: "volume"), transform: volumeKey)
    var key: VolumeKey

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "listing snapshots of \(key)" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let snapshots = try await context.client.snapshots(of: key)
        let table = Table(
            header: ["SNAPSHOT", "SIZE", "POOL", "FILESYSTEM", "READY", "AGE"],
            rows: snapshots.map { snapshot in
                [
                    snapshot.key.description, snapshot.capacityBytes.quantity, snapshot.pool.value,
                    snapshot.filesystem.rawValue, snapshot.ready ? "yes" : "no",
                    snapshot.createdAt.age(at: context.now),
                ]
            })
        return Report(
            SnapshotListDocument(snapshots: snapshots), text: table.text, names: snapshots.map(\.key.description))
    }
}
