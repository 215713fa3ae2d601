import ArgumentParser
import NFSClient
import NodeAPI

struct VolumeCheck: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Mount a volume's export from here, write, read back, compare.",
        discussion: """
            Mounts over NFSv3 within this program, so it needs neither mount nor root, but this host must be among the \
            volume's clients. A file of 1 MiB is made and removed again; nothing else is touched.
            """)

    /// One call to an NFS server that lives is answered in much less.
    private static let patience = Duration.seconds(15)

    @Argument(help: ArgumentHelp("NAMESPACE/NAME", valueName: "volume"), transform: volumeKey)
    var key: VolumeKey

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "checking volume \(key)" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let volume = try await context.client.volume(key)
        let node = try await context.client.node()
        let target = NFSConnection.Target(
            server: volume.nfs.server, path: volume.nfs.path, nfsPort: node.nfs.port, mountdPort: node.nfs.mountdPort,
            deadline: min(connection.timeout, Self.patience))
        let check = ExportCheck(target: target, byteCount: 1 << 20)
        let outcome = await check.run()
        let failure = outcome.failure.map { Report.Failure($0, check: check, volume: volume) }
        let document = CheckDocument(
            volume: key.description, export: volume.export, bytes: check.byteCount, ok: failure == nil,
            steps: outcome.steps, failed: outcome.failure?.step, message: failure?.message)
        return Report(document, text: document.table.text, names: [key.description], failure: failure)
    }
}

/// What a check found.
struct CheckDocument: Encodable, Sendable {
    let volume: String
    let export: String
    let bytes: Int
    let ok: Bool
    let steps: [ExportCheck.Measured]
    /// The step that failed, and why; absent if none did.
    let failed: ExportCheck.Step?
    let message: String?

    var table: Table {
        var rows = steps.map { [$0.step.rawValue, Duration.seconds($0.seconds).shown, "ok"] }
        if let failed { rows.append([failed.rawValue, "-", "failed"]) }
        return Table(header: ["STEP", "TIME", "RESULT"], rows: rows)
    }
}
