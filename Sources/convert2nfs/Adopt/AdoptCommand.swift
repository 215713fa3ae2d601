import ArgumentParser
import NodeAPI

struct AdoptCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt", abstract: "Make a volume of what is mounted and exported already.",
        discussion: """
            A logical volume in the volume group of a pool, mounted at the path that the volume has, becomes that volume: \
            it stays mounted and exported by the kernel's NFS server, and its clients keep their file handles; what else changes for \
            them, --dry-run says. It is tagged, its lines in /etc/exports and /etc/exports.d become comments, and its export is \
            the daemon's from then on. No command undoes it, and deleting the volume removes the logical volume with its data.
            """)

    @Argument(help: "The volume it becomes: NAMESPACE/NAME.", transform: volumeKey)
    var key: VolumeKey

    @Option(
        name: .customLong("client"),
        help: ArgumentHelp(
            "Who is to have it, instead of those who have it now: an address or a network, with =ro to read only; may be repeated.",
            valueName: "address[=rw|ro]"),
        transform: clientRule)
    var clients: [ClientRule] = []

    @Flag(help: "Say what would be done, and change nothing.")
    var dryRun = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "adopting \(key)" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let request = AdoptVolumeRequest(dryRun: dryRun, clients: clients.isEmpty ? nil : clients)
        let adoption = try await context.client.adoptVolume(key, request)
        return Report(adoption, text: adoption.text, names: [key.description])
    }
}

extension AdoptionDocument {
    /// For people.
    var text: String {
        guard changed else { return "volume \(key): unchanged" }
        let who = clients.isEmpty ? "nobody" : clients.map(\.rule.shown).joined(separator: ", ")
        var lines = [
            "volume \(key) \(dryRun ? "would be adopted" : "adopted"): \(storage) at \(path) "
                + "(\(pool), \(filesystem.rawValue), \(capacityBytes.quantity))",
            "clients: \(who); squash \(squash.rawValue); fsid \(fsid), as their file handles have it",
        ]
        lines += changes.map { "changes: \($0)" }
        lines += retired.map { "\(dryRun ? "would become" : "is now") a comment in \($0.file): \($0.text)" }
        if !dryRun { lines.append("take its line out of /etc/fstab, if it has one: the daemon mounts it from now on") }
        return lines.joined(separator: "\n")
    }
}
