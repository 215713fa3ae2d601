import ArgumentParser

struct CatalogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "catalog", abstract: "What the node knows of its volumes.", subcommands: [CatalogRebuild.self])
}
