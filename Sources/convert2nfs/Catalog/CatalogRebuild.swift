import ArgumentParser
import NodeAPI

struct CatalogRebuild: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild", abstract: "Restore a lost catalog from what the pools hold.",
        discussion: """
            Volumes that are whole and that the catalog does not know are written into it again with their snapshots, and \
            mounted. Storage does not say who their clients were: nobody may mount them until you name them \
            (convert2nfs volume clients). The status is 0 only if nothing is left as it was.
            """)

    @Flag(help: "Say what would be done, and change nothing.")
    var dryRun = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "rebuilding the catalog" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let rebuild = try await context.client.rebuildCatalog(RebuildCatalogRequest(dryRun: dryRun))
        return Report(
            rebuild, text: rebuild.text, names: rebuild.restored.map(\.key.description), failure: rebuild.failure)
    }
}

extension RebuildDocument {
    /// Nil if nothing is left as it was.
    var failure: Report.Failure? {
        guard !left.isEmpty else { return nil }
        let subject = left.count == 1 ? "one thing is left as it was" : "\(left.count) things are left as they were"
        return Report.Failure(message: subject, status: .inputOutput)
    }

    /// For people.
    var text: String {
        var lines = restored.map { volume in
            let names = volume.snapshots.map(\.value).joined(separator: ", ")
            let snapshots = names.isEmpty ? "" : ", snapshots \(names)"
            return "volume \(volume.key) \(dryRun ? "would be restored" : "restored") "
                + "(\(volume.pool), \(volume.filesystem.rawValue), \(volume.capacityBytes.quantity)\(snapshots))"
        }
        if restored.isEmpty { lines.append("the catalog knows all that could be restored") }
        lines += left.map { "left: \($0.resource) in the pool \($0.pool): \($0.reason)" }
        if !dryRun, !restored.isEmpty {
            lines.append("nobody may mount what was restored until its clients are named: convert2nfs volume clients")
        }
        return lines.joined(separator: "\n")
    }
}
