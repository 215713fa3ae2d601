import ArgumentParser
import NodeAPI

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The node daemon's command line.
@main
struct Daemon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert2nfsd", abstract: "Shared NFS volumes of a fixed size on this machine's own storage.",
        version: ProductVersion.text,
        subcommands: [
            RunCommand.self, RetireCommand.self, TokenCommand.self, GuardFreezeCommand.self, FencePeerCommand.self,
        ],
        defaultSubcommand: RunCommand.self)
}

/// Where the configuration is; all commands that need one share it.
struct ConfigurationOption: ParsableArguments {
    @Option(
        help:
            "The configuration; without it /etc/convert2nfs/config.yaml, or the embedded default if that does not exist."
    )
    var config: String?

    /// Loads it; prints every fault and ends with EX_CONFIG (sysexits.h) if there is one.
    func load() throws -> Configuration {
        do throws(ConfigurationError) {
            return try Configuration.load(path: config)
        } catch {
            throw Complaint.say("\(error)", status: EX_CONFIG)
        }
    }
}

enum Complaint {
    /// Tells the operator why the daemon does not start.
    static func say(_ message: String, status: Int32) -> ExitCode {
        let text = message.split(separator: "\n").map { "convert2nfsd: \($0)\n" }.joined()
        _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) }
        return ExitCode(status)
    }
}
