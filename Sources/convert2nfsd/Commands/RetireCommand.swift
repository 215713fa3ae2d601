import ArgumentParser
import Logging
import StorageCore

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The way to stop serving: the daemon's own end leaves the data path as it is.
struct RetireCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retire",
        abstract: "Take this node out of service: stop NFS, unmount all volumes, detach their devices. Data stays.",
        discussion:
            "The daemon must not run. Starting it again brings everything back. The kernel's NFS server goes on if it exports anything else."
    )

    @OptionGroup var configurationOption: ConfigurationOption

    func run() async throws {
        let configuration = try configurationOption.load()
        umask(0o077)
        do {
            let logger = Logger(label: "convert2nfsd") { StreamLogHandler.standardError(label: $0) }
            let node = try await StorageNode.assemble(configuration, isSimulated: false, logger: logger)
            let (count, serverGoesOn) = try await node.retire()
            let server = serverGoesOn ? "NFS goes on with what others export here" : "NFS is stopped"
            print("\(server), \(count) volumes are unmounted and detached; their data is untouched")
        } catch {
            let error = StorageError.wrap(error)
            throw Complaint.say(error.message, status: error.code == .busy ? EX_TEMPFAIL : EX_UNAVAILABLE)
        }
    }
}
