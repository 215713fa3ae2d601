import ArgumentParser
import FoundationEssentials
import HostTools
import StorageBackends

/// Runs beside each freeze, started by the daemon and by nobody else: thaws when the daemon is gone.
struct GuardFreezeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "guard-freeze", shouldDisplay: false)

    @Argument var owner: String
    @Argument var path: String

    func run() async throws {
        let owner = try JSONDecoder().decode(ProcessIdentity.self, from: Data(owner.utf8))
        try await FreezeGuard.watch(owner: owner, path: path)
    }

    /// Starts this very program for it.
    static func freezeGuard(outputFile: String) -> FreezeGuard {
        let own = ProcessInfo.processInfo.environment
        let environment = ["PATH", "LD_LIBRARY_PATH"].reduce(into: ["LC_ALL": "C"]) { $0[$1] = own[$1] }
        let tool = Tool(name: "convert2nfsd", path: "/proc/self/exe")
        return FreezeGuard(
            tool: tool, arguments: [configuration.commandName ?? ""], environment: environment, outputFile: outputFile)
    }
}
