import ArgumentParser
import Logging
import NodeAPI
import ServiceLifecycle
import StorageCore

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Serve this node's volumes until SIGTERM. Volumes stay mounted and served after it.")

    @OptionGroup var configurationOption: ConfigurationOption

    @Flag(help: "Only say whether the configuration is right.")
    var checkConfig = false

    @Flag(help: "Keep volumes in memory only: no storage, no mount, no NFS. For trying the API.")
    var simulate = false

    func run() async throws {
        // Until the logs can be reopened: by default it would end the daemon (signal(7)).
        signal(SIGHUP, SIG_IGN)
        let configuration = try configurationOption.load()
        if checkConfig {
            print("the configuration is right")
            return
        }
        // What the daemon makes is root's alone unless it says otherwise.
        umask(0o077)
        signal(SIGPIPE, SIG_IGN)
        let logs = try openLogs(configuration)
        let logger = logs.logger("convert2nfsd")
        do {
            let node = try await StorageNode.assemble(configuration, isSimulated: simulate, logger: logger)
            logger.notice(
                "convert2nfsd \(ProductVersion.text) starts",
                metadata: ["api": "\(configuration.api.listen)", "socket": "\(configuration.api.socket)"])
            try await node.run(reopening: logs)
            logger.notice("convert2nfsd ends\(simulate ? "" : "; volumes stay mounted and served")")
        } catch {
            let error = StorageError.wrap(error)
            logger.critical("the daemon cannot go on: \(error)")
            throw Complaint.say(error.message, status: error.code == .internal ? EX_SOFTWARE : EX_UNAVAILABLE)
        }
    }

    private func openLogs(_ configuration: Configuration) throws -> LogFiles {
        do throws(LogFileError) {
            return try LogFiles(configuration.log)
        } catch {
            throw Complaint.say("\(error)", status: EX_CANTCREAT)
        }
    }
}
