import ArgumentParser

struct SnapshotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot", abstract: "Make, list and delete snapshots of volumes.",
        subcommands: [SnapshotCreate.self, SnapshotList.self, SnapshotDelete.self])
}
