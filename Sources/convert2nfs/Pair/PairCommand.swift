import ArgumentParser

struct PairCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ha", abstract: "The pair of storage nodes.",
        subcommands: [PairStatusCommand.self, PairSwitch.self, PairPromote.self],
        defaultSubcommand: PairStatusCommand.self)
}
