import ArgumentParser
import NodeAPI

struct PairStatusCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show both nodes, who serves, and what is not right.",
        discussion: "The status is 0 only if nothing is wrong.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "asking the node" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let pair = try await context.client.pair()
        let failure =
            pair.problems.isEmpty
            ? nil : Report.Failure(message: pair.problems.joined(separator: "; "), status: .unavailable)
        return Report(pair, text: pair.text, names: [pair.primary?.value].compactMap(\.self), failure: failure)
    }
}

extension PairDocument {
    /// For people.
    var text: String {
        let rows = nodes.map { node in
            [
                node.name.value, node.role?.rawValue ?? "does not answer", node.epoch.map(String.init) ?? "-",
                node.hasAddress.map { $0 ? "yes" : "no" } ?? "-", node.data ?? "-",
            ]
        }
        var text = Table(header: ["NODE", "ROLE", "EPOCH", "ADDRESS", "DATA"], rows: rows).text
        text += "\nReplication: \(replication)" + (syncPercent.map { ", \($0) percent" } ?? "") + "\n"
        if let copies {
            let rows = copies.map { copy in
                [
                    "\(copy.namespace)/\(copy.name)", copy.asOf?.description ?? "never",
                    copy.lagSeconds.map { "\(Int($0)) s" } ?? "-", copy.problem ?? "",
                ]
            }
            text += "\n" + Table(header: ["VOLUME", "COPY OF", "LAG", "PROBLEM"], rows: rows).text
        }
        for move in moves.prefix(5) {
            let steps = move.steps.map { "\($0.name) \($0.milliseconds) ms" }.joined(separator: ", ")
            text +=
                "\(move.beganAt)  \(move.direction)\(move.epoch.map { " under epoch \($0)" } ?? "")"
                + " in \(Duration.milliseconds(move.milliseconds).shown): \(move.failure.map { "FAILED: \($0); " } ?? "")\(steps)\n"
        }
        return text
    }
}
