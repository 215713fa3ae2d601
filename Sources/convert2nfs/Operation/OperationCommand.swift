import ArgumentParser
import NodeAPI

struct OperationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operation", abstract: "What the node works on.",
        subcommands: [OperationList.self, OperationShow.self])
}

extension OperationDocument {
    var shownProgress: String {
        progress.map { "\(Int((min(1, max(0, $0)) * 100).rounded(.down)))%" } ?? "-"
    }
}
