import ArgumentParser

struct PoolCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pool", abstract: "What volumes are carved from.", subcommands: [PoolList.self])
}
