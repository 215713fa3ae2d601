import ArgumentParser
import NodeAPI
import StorageCore

/// Run by DRBD on a node that goes on without the other one, while writes wait (drbd.conf(5), "fence-peer").
struct FencePeerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "fence-peer", shouldDisplay: false)

    @OptionGroup var configurationOption: ConfigurationOption

    func run() async throws {
        let configuration = try configurationOption.load()
        // As long as the daemon may take for it.
        let timeout = Duration.seconds(60 + (configuration.cluster?.fence?.seconds ?? 0))
        let answer = try await ask(configuration.api.socket, timeout)
        switch answer.by {
        case .itself, .arbiter, .policy: throw ExitCode(4)
        case .fence: throw ExitCode(7)
        case nil: throw Complaint.say("the other node could not be made to count as outdated", status: 1)
        }
    }

    /// Writes wait anyway, so a daemon that is just being started again is waited for.
    private static let patience = Duration.seconds(60)

    private func ask(_ socket: String, _ timeout: Duration) async throws -> OutdatedDocument {
        let end = ContinuousClock.now + Self.patience
        while true {
            do throws(StorageError) {
                return try await NodeClient.with(.socket(socket), timeout: timeout) {
                    (client) async throws(StorageError) in try await client.outdateOther()
                }
            } catch {
                guard error.code == .unavailable, ContinuousClock.now < end else {
                    throw Complaint.say(
                        "the daemon does not say whether the other node is outdated: \(error.message)", status: 1)
                }
                try await Task.sleep(for: .milliseconds(500))
            }
        }
    }
}
