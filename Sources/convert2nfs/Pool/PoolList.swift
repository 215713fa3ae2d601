import ArgumentParser
import NodeAPI

struct PoolList: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the pools with what they have left.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "listing pools" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let pools = try await context.client.pools()
        let table = Table(
            header: ["POOL", "BACKEND", "SIZE", "AVAILABLE", "VOLUMES", "FOREIGN", "CONDITION"],
            rows: pools.map { pool in
                [
                    pool.name.value, pool.backend, pool.totalBytes?.rounded ?? "-",
                    pool.availableBytes?.rounded ?? "-", String(pool.volumes), pool.foreignShown,
                    pool.condition.shown,
                ]
            })
        return Report(PoolListDocument(pools: pools), text: table.text, names: pools.map(\.name.value))
    }
}

extension PoolDocument {
    /// Few names, or how many more there are: an operator's group may hold hundreds.
    fileprivate var foreignShown: String {
        if foreign.isEmpty { return "-" }
        let more = foreign.count > 3 ? ["and \(foreign.count - 3) more"] : []
        return (foreign.prefix(3) + more).joined(separator: ", ")
    }
}
