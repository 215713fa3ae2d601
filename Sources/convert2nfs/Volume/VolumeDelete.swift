import ArgumentParser
import NodeAPI

struct VolumeDelete: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a volume and all that is in it.",
        discussion: "One that is not there is fine. One with snapshots is refused without --snapshots.")

    @Argument(help: ArgumentHelp("NAMESPACE/NAME", valueName: "volume"), transform: volumeKey)
    var key: VolumeKey

    @Flag(help: "Delete its snapshots with it.")
    var snapshots = false

    @Flag(help: "Delete it also while clients hold files of it; their next operation fails.")
    var force = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "deleting volume \(key)" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let client = context.client
        let wasThere = try await isThere { () async throws(StorageError) in _ = try await client.volume(key) }
        try await client.deleteVolume(key, snapshots: snapshots, force: force)
        return Deletion(kind: "volume", name: key.description, wasThere: wasThere).report
    }
}
