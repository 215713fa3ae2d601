import ArgumentParser

struct PairCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ha", abstract: "The pair of storage nodes.",
        subcommands: [
            PairStatusCommand.self, PairSetupCommand.self, PairSwitch.self, PairLeave.self, PairFailback.self,
            PairResolve.self, PairPromote.self,
        ],
        defaultSubcommand: PairStatusCommand.self)
}
