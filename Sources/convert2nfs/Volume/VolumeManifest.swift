import ArgumentParser
import NodeAPI

struct VolumeManifest: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "manifest", abstract: "Print a PersistentVolume and its claim, for kubectl apply -f -.",
        discussion: "The two bind to each other and to nothing else.")

    @Argument(help: ArgumentHelp("NAMESPACE/NAME", valueName: "volume"), transform: volumeKey)
    var key: VolumeKey

    @OptionGroup var connection: ConnectionOptions

    var format: OutputFormat { .table }
    var activity: String { "asking for the manifest of \(key)" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let yaml = try await context.client.manifest(key)
        return Report(yaml, text: yaml, names: [])
    }
}
