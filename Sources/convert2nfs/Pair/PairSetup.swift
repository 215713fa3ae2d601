import ArgumentParser
import NodeAPI

struct PairSetupCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "setup", abstract: "Make two nodes with empty disks a pair.",
        discussion: """
            To be asked of either node, once the daemon runs on both with the same cluster section. It does what is left to do, on \
            both, one step after the other: interrupted, or failed, it is run again and goes on. Nothing that is there is \
            overwritten. It brings a new disk into a pair that serves, too.
            """)

    @Flag(help: "Say what would be done, and change nothing.")
    var dryRun = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "setting up the pair" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        if dryRun {
            let plan = try await context.client.setup()
            let text = plan.rest.map { "would: \($0.line)\n" }.joined()
            return Report(plan, text: text.isEmpty ? Self.nothing : text, names: [])
        }
        var done: [SetupDocument.Task] = []
        do throws(StorageError) {
            while true {
                let progress = try await context.client.advanceSetup()
                guard let task = progress.done else { break }
                guard task != done.last else {
                    throw StorageError(.internal, "\(task.line): it was done, and is to be done again")
                }
                done.append(task)
                context.tell(progress.rest.first?.line, nil)
            }
        } catch {
            let before = done.isEmpty ? "" : "\nDone before: \(done.map(\.line).joined(separator: "; "))"
            throw StorageError(error.code, "\(error.message)\(before)\nRun it again to go on from there")
        }
        let text = done.map { "\($0.line)\n" }.joined()
        return Report(
            done, text: text.isEmpty ? Self.nothing : text + "the pair is set up: convert2nfs ha status", names: [])
    }

    private static let nothing = "nothing is left to do: the pair is set up"
}

extension SetupDocument.Task {
    var line: String { "\(node): \(text)" }
}
