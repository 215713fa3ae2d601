import ArgumentParser
import NodeAPI

struct PairResolve: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve", abstract: "Show what each node would lose after both have written; give up one side.",
        discussion: """
            Without --discard it only shows. What a node has written since both copies went different ways is lost when its \
            data is given up; it must not serve then. Copy away first what is to be kept.
            """)

    @Option(
        help: ArgumentHelp("The node whose data is given up; it takes the other's.", valueName: "node"),
        transform: nodeName)
    var discard: NodeName?

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { discard == nil ? "asking the nodes" : "giving up the data of a node" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        guard let discard else {
            let stakes = try await context.client.stakes()
            return Report(stakes, text: stakes.text, names: [])
        }
        let stakes = try await context.client.discard(DiscardRequest(discard: discard))
        return Report(
            stakes, text: "\(discard) takes the other node's data: convert2nfs ha status", names: [discard.value])
    }
}

extension StakesDocument {
    /// For people.
    var text: String {
        let rows = nodes.map { stake in
            [
                stake.node.value, stake.isServing ? "yes" : "no", String(stake.epoch),
                stake.servedSince.map(\.description) ?? "-",
                stake.isKept == true ? "nothing: it is kept" : ByteCount(stake.writtenBytes).quantity,
            ]
        }
        let table = Table(header: ["NODE", "SERVES", "EPOCH", "SERVED SINCE", "WOULD LOSE"], rows: rows).text
        guard nodes.contains(where: \.isParted) else { return table + "Nothing is to be resolved: the copies connect." }
        let advice = nodes.filter { !$0.isServing }.map { "convert2nfs ha resolve --discard \($0.node)" }
        let silence = nodes.count < 2 ? "The other node does not answer, so what it has is not known.\n" : ""
        return table + silence
            + "The copies have gone different ways. To give one up: \(advice.joined(separator: ", or "))"
    }
}
