import ArgumentParser
import NodeAPI

struct PairFailback: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "failback", abstract: "Bring the service back to the node it belongs to, once that has caught up.",
        discussion: """
            To be asked of the node that serves, or at the service address. It waits until both copies are the same, while \
            clients are served, and then moves the service in order. Interrupted before that, it has changed nothing; \
            interrupted in it, the nodes bring the move to its end: to take it back then, move the service once more \
            (convert2nfs ha switch).
            """)

    @Flag(help: "Move the service without asking, once it can be.")
    var auto = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "failing back" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        var pair = try await context.client.pair()
        let target = pair.preferred
        if pair.primary == target { return Report(pair, text: "\(target) serves", names: [target.value]) }
        if let primary = pair.primary, pair.nodes.first?.name == target {
            throw StorageError(
                .conflict,
                "\(primary) serves; ask there, or at the service address, to bring the service back to \(target)")
        }
        pair = try await caughtUp(target, pair, context)
        guard auto || Console.confirm("\(target) has all that was written. Move the service to it now?") else {
            return Report(
                pair, text: "\(target) can take the service: convert2nfs ha failback --auto", names: [])
        }
        context.tell("moving the service", nil)
        let move = ServiceSwitch(client: context.client, patience: max(connection.timeout, ServiceSwitch.longest))
        return Report(try await move.run(to: target), text: "\(target) serves", names: [target.value])
    }

    /// Waits for as long as it makes progress. Of files that are copied it shows only once a volume is whole, so there it is progress
    /// that one is being copied which was not tried before in vain.
    private func caughtUp(
        _ target: NodeName, _ first: PairDocument, _ context: Context
    ) async throws(StorageError) -> PairDocument {
        var pair = first
        var end = ContinuousClock.now + connection.timeout
        var percent: Double?
        var copying = FirstCopies()
        while pair.nodes.first(where: { $0.name == target })?.role != .standby {
            if pair.syncPercent != percent || copying.goesOn(pair.copies ?? []) {
                percent = pair.syncPercent
                end = ContinuousClock.now + connection.timeout
            }
            context.tell("\(target) is catching up", percent.map { $0 / 100 })
            guard ContinuousClock.now < end, (try? await Task.sleep(for: .milliseconds(500))) != nil else {
                throw StorageError(
                    .unavailable, "\(target) cannot take the service: \(pair.problems.joined(separator: "; "))")
            }
            pair = try await context.client.pair()
        }
        return pair
    }
}

/// The volumes that are being copied for the first time, look after look.
private struct FirstCopies {
    private var begun: Set<String> = []
    private var failed: Set<String> = []

    /// Whether one is being copied that was not tried before in vain.
    mutating func goesOn(_ copies: [PairDocument.Copy]) -> Bool {
        let lacking = copies.filter { $0.asOf == nil }
        let now = Set(lacking.filter { $0.isCopying == true }.map(\.key))
        failed.formUnion(begun.subtracting(now).intersection(lacking.map(\.key)))
        begun = now
        return !now.subtracting(failed).isEmpty
    }
}

extension PairDocument.Copy {
    fileprivate var key: String { "\(namespace)/\(name)" }
}
