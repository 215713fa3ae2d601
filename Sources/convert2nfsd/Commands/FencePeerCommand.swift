import ArgumentParser
import NodeAPI
import StorageCore

/// Run by DRBD on a node that goes on without the other one, while writes wait (drbd.conf(5), "fence-peer").
struct FencePeerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "fence-peer", shouldDisplay: false)

    @OptionGroup var configurationOption: ConfigurationOption

    func run() async throws {
        let socket = try configurationOption.load().api.socket
        let answer: OutdatedDocument
        do throws(StorageError) {
            answer = try await NodeClient.with(.socket(socket), timeout: .seconds(60)) {
                (client) async throws(StorageError) in try await client.outdateOther()
            }
        } catch {
            throw Complaint.say(
                "the daemon does not say whether the other node is outdated: \(error.message)", status: 1)
        }
        switch answer.by {
        case .itself, .policy: throw ExitCode(4)
        case .fence: throw ExitCode(7)
        case nil: throw Complaint.say("the other node could not be made to count as outdated", status: 1)
        }
    }
}
