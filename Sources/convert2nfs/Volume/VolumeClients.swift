import ArgumentParser
import NodeAPI

struct VolumeClients: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "clients", abstract: "Show or change who may mount a volume, and as whom.",
        discussion: "Without options it shows them. A client that is removed loses what it holds.")

    @Argument(help: ArgumentHelp("NAMESPACE/NAME", valueName: "volume"), transform: volumeKey)
    var key: VolumeKey

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("Let this one mount it, or change its access.", valueName: "address[=rw|ro]"),
        transform: clientRule)
    var add: [ClientRule] = []

    @Option(
        parsing: .singleValue, help: ArgumentHelp("Take this one's access away.", valueName: "address"),
        transform: clientAddress)
    var remove: [ClientAddress] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("These and nobody else may mount it; may be repeated.", valueName: "address[=rw|ro]"),
        transform: clientRule)
    var set: [ClientRule] = []

    @Flag(help: "Nobody may mount it.")
    var clear = false

    @Option(help: "Whose files become nobody's: those of none, root or all users of the clients.")
    var squash: Squash?

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { changes ? "changing clients of \(key)" : "asking for clients of \(key)" }

    func validate() throws {
        let ways = [!add.isEmpty || !remove.isEmpty, !set.isEmpty, clear].filter { $0 }
        guard ways.count <= 1 else {
            throw ValidationError("--set and --clear name all clients; they go with nothing else")
        }
        if let twice = add.first(where: { remove.contains($0.address) }) {
            throw ValidationError("\(twice.address) is to be added and removed; name it once")
        }
    }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let before = try await context.client.volume(key)
        guard changes else { return shown(before) }
        let after = try await changed(context.client)
        let difference = Self.difference(from: before.nfs.clients.map(\.rule), to: after.nfs.clients.map(\.rule))
        let squashed = before.nfs.squash == after.nfs.squash ? [] : ["squash \(after.nfs.squash.rawValue)"]
        let text = (difference + squashed).isEmpty ? "unchanged" : (difference + squashed).joined(separator: ", ")
        return Report(after, text: "volume \(key): \(text)", names: after.nfs.clients.map(\.address.description))
    }

    /// One phrase a client whose access is another now.
    static func difference(from before: [ClientRule], to after: [ClientRule]) -> [String] {
        let added = after.filter { rule in !before.contains { $0.address == rule.address } }
        let removed = before.filter { rule in !after.contains { $0.address == rule.address } }
        let changed = after.filter { rule in
            before.contains { $0.address == rule.address && $0.access != rule.access }
        }
        return added.map { "added \($0.shown)" } + changed.map { "changed \($0.shown)" }
            + removed.map { "removed \($0.address)" }
    }

    private var changes: Bool { clear || squash != nil || !(add.isEmpty && remove.isEmpty && set.isEmpty) }

    /// Single clients go by single calls, so that two people who add one each both succeed.
    private func changed(_ client: NodeClient) async throws(StorageError) -> VolumeDocument {
        if clear || !set.isEmpty {
            return try await client.updateVolume(key, UpdateVolumeRequest(clients: set, squash: squash))
        }
        if let squash { _ = try await client.updateVolume(key, UpdateVolumeRequest(squash: squash)) }
        for rule in add { _ = try await client.setClient(rule, of: key) }
        for address in remove { _ = try await client.removeClient(address, of: key) }
        return try await client.volume(key)
    }

    private func shown(_ volume: VolumeDocument) -> Report {
        let table = Table(
            header: ["CLIENT", "ACCESS"],
            rows: volume.nfs.clients.map { [$0.address.description, $0.access.rawValue] })
        return Report(
            ClientList(clients: volume.nfs.clients), text: table.text,
            names: volume.nfs.clients.map(\.address.description))
    }
}

private struct ClientList: Encodable, Sendable {
    let clients: [ClientDocument]
}
