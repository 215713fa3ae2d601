import ArgumentParser
import FoundationEssentials
import NodeAPI

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// What a command works with.
struct Context: Sendable {
    let client: NodeClient
    let now: Date
    /// What is being done now, and how much of it is, for whoever waits.
    let tell: @Sendable (_ step: String?, _ progress: Double?) -> Void
}

/// A verb: asks the node, answers a report. Reads no environment, prints nothing.
protocol NodeCommand: AsyncParsableCommand, Sendable {
    var connection: ConnectionOptions { get }
    var format: OutputFormat { get }
    /// What the progress line says: "creating volume shop/data".
    var activity: String { get }

    func report(_ context: Context) async throws(StorageError) -> Report
}

extension NodeCommand {
    func run() async throws {
        let address = try connection.address(environment: ProcessInfo.processInfo.environment)
        let report = try await report(from: address)
        let text = try report.rendered(as: format)
        if let code = Console.output.write(text) {
            // Whoever closed the pipe has read enough and wants to hear no more.
            if code != EPIPE {
                Console.errors.write("convert2nfs: the result cannot be written: \(String(cString: strerror(code)))\n")
            }
            throw ExitCode(ExitStatus.inputOutput.rawValue)
        }
        if let failure = report.failure {
            Console.errors.write("convert2nfs: \(failure.message)\n")
            throw ExitCode(failure.status.rawValue)
        }
    }

    /// With the progress line, if a terminal is there to show it.
    private func report(from address: ServerAddress) async throws(StorageError) -> Report {
        let line = ProgressLine(activity, on: .errors, isShown: Console.errors.isTerminal)
        let token = try connection.token()
        return try await line.during { () async throws(StorageError) in
            try await NodeClient.with(
                address, token: token, timeout: connection.timeout,
                onProgress: { line.update(step: $0.step, progress: $0.progress) }
            ) { (client) async throws(StorageError) in
                try await report(
                    Context(client: client, now: Date(), tell: { line.update(step: $0, progress: $1) }))
            }
        }
    }
}
