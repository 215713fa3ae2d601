import ArgumentParser
import NodeAPI

struct VolumeList: NodeCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List volumes.")

    @Option(name: .shortAndLong, help: "Only those of one namespace.", transform: convert2nfs.namespace)
    var namespace: Namespace?

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "listing volumes" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let volumes = try await context.client.volumes(namespace: namespace)
        let table = Table(
            header: ["VOLUME", "PHASE", "SIZE", "USED", "POOL", "FILESYSTEM", "CLIENTS", "EXPORT", "AGE", "CONDITION"],
            rows: volumes.map { volume in
                [
                    volume.key.description, volume.phase.rawValue, volume.capacityBytes.quantity,
                    volume.usedBytes?.rounded ?? "-", volume.pool.value, volume.filesystem.rawValue,
                    String(volume.nfs.clients.count), volume.export, volume.createdAt.age(at: context.now),
                    volume.condition.shown,
                ]
            })
        return Report(VolumeListDocument(volumes: volumes), text: table.text, names: volumes.map(\.key.description))
    }
}
