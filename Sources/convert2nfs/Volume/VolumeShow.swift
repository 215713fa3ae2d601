import ArgumentParser
import NodeAPI

struct VolumeShow: NodeCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show one volume.")

    @Argument(help: ArgumentHelp("NAMESPACE/NAME", valueName: "volume"), transform: volumeKey)
    var key: VolumeKey

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "asking for volume \(key)" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let volume = try await context.client.volume(key)
        let sheet = Sheet(lines: [
            ("Volume", volume.key.description),
            ("Id", volume.id.description),
            ("Phase", volume.phase.rawValue),
            ("Condition", volume.condition.shown),
            ("Size", volume.capacityBytes.quantity),
            ("Used", volume.usedBytes?.rounded ?? "-"),
            ("Stored", volume.storedBytes?.rounded ?? "-"),
            ("Pool", volume.pool.value),
            ("Filesystem", volume.filesystem.rawValue),
            ("Export", volume.export),
            ("Mount options", volume.nfs.mountOptions.joined(separator: ",")),
            ("Squash", volume.nfs.squash.rawValue),
            ("Clients", volume.nfs.clients.map(\.rule.shown).joined(separator: ", ")),
            ("Source", volume.source?.source?.shown ?? "-"),
            ("Created", "\(volume.createdAt) (\(volume.createdAt.age(at: context.now)) ago)"),
        ])
        return Report(volume, text: sheet.text, names: [volume.key.description])
    }
}
