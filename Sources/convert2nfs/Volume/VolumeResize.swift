import ArgumentParser
import NodeAPI

struct VolumeResize: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "resize", abstract: "Grow a volume while it is in use.", discussion: "Volumes never shrink.")

    @Argument(help: ArgumentHelp("NAMESPACE/NAME", valueName: "volume"), transform: volumeKey)
    var key: VolumeKey

    @Argument(
        help: ArgumentHelp("The new size: 20Gi, 500M or bytes.", valueName: "quantity"), transform: convert2nfs.size)
    var size: ByteCount

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "resizing volume \(key)" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let before = try await context.client.volume(key)
        let after = try await context.client.updateVolume(key, UpdateVolumeRequest(capacity: size))
        let what = before.capacityBytes == after.capacityBytes ? "unchanged" : "resized"
        return Report(after, text: after.sentence(what), names: [key.description])
    }
}
