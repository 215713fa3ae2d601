import ArgumentParser
import NodeAPI

struct PairSwitch: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "switch", abstract: "Move the service to the other node, in order: clients wait and see no error.",
        discussion: "To be asked of the node that serves. It returns once the other one does.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "moving the service" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let before = try await context.client.pair()
        if let asked = before.nodes.first?.name, let primary = before.primary, primary != asked {
            throw StorageError(.conflict, "\(primary) serves already; ask there to move the service to \(asked)")
        }
        guard let target = before.nodes.last?.name else {
            throw StorageError(.internal, "the node does not say who the other one is")
        }
        let move = ServiceSwitch(client: context.client, patience: max(connection.timeout, ServiceSwitch.longest))
        return Report(try await move.run(to: target), text: "\(target) serves", names: [target.value])
    }
}

/// Moves the service, and waits until it has moved.
struct ServiceSwitch {
    let client: NodeClient

    let patience: Duration

    /// Nodes that copy files take two minutes at most for the last of them, and go back then.
    static let longest = Duration.seconds(180)

    /// Returns once `target`, the other node, serves.
    func run(to target: NodeName) async throws(StorageError) -> PairDocument {
        let end = ContinuousClock.now + patience
        var pair = try await client.switchService()
        var isUnderWay = false
        while pair.primary != target {
            let isServed = pair.primary != nil
            if isServed, isUnderWay {
                throw StorageError(
                    .unavailable,
                    "\(target) did not get the service, which is where it was: \(pair.problems.joined(separator: "; "))"
                )
            }
            isUnderWay = !isServed || isUnderWay
            guard ContinuousClock.now < end, (try? await Task.sleep(for: .milliseconds(200))) != nil else {
                throw StorageError(
                    .unavailable, "\(target) does not serve yet: \(pair.problems.joined(separator: "; "))")
            }
            // At the service address nobody answers for a while.
            do throws(StorageError) { pair = try await client.pair() } catch {
                guard error.code == .unavailable else { throw error }
            }
        }
        return pair
    }
}
