import ArgumentParser
import NodeAPI

struct PairPromote: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote", abstract: "Serve from this node, although nothing shows that the other does not.",
        discussion: """
            For when the other node is off, and neither a fence command nor it itself can say so. If it serves all the same, \
            both write, and what one of them acknowledges is lost.
            """)

    @Flag(help: "You have made sure that the other node is off.")
    var otherIsOff = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "promoting the node" }

    func validate() throws {
        guard otherIsOff else {
            throw ValidationError("make sure that the other node is off, then say so with --other-is-off")
        }
    }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let pair = try await context.client.promote(PromoteRequest(otherIsOff: otherIsOff))
        return Report(pair, text: "the node is being promoted: convert2nfs ha status", names: [])
    }
}
