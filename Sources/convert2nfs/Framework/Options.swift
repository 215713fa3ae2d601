import ArgumentParser
import NodeAPI

/// Where the node is and who asks.
struct ConnectionOptions: ParsableArguments {
    static let environmentKey = "CONVERT2NFS_SERVER"

    @Option(
        help: ArgumentHelp(
            "The node: http://HOST:PORT, https://HOST:PORT or unix:///PATH (default: \(environmentKey), "
                + "else \(ServerAddress.standard)).", valueName: "url"),
        transform: serverAddress)
    var server: ServerAddress?

    @Option(
        help: ArgumentHelp("A file with the token to present, on its first line.", valueName: "path"),
        completion: .file())
    var tokenFile: String?

    @Option(
        help: ArgumentHelp("How long to wait for each answer (default: 60).", valueName: "seconds"),
        transform: seconds)
    var timeout: Duration = .seconds(60)

    /// What was named, else what the environment names, else the local socket.
    func address(environment: [String: String]) throws -> ServerAddress {
        if let server { return server }
        guard let text = environment[Self.environmentKey], !text.isEmpty else { return .standard }
        do {
            return try serverAddress(text)
        } catch {
            throw ValidationError("\(Self.environmentKey): \(error)")
        }
    }

    /// See `TokenFile.read`; nil if none was named.
    func token() throws(StorageError) -> String? {
        guard let tokenFile else { return nil }
        return try TokenFile(path: tokenFile).read()
    }
}

struct OutputOptions: ParsableArguments {
    @Option(name: [.customShort("o"), .customLong("output")], help: "How to show the result.")
    var format: OutputFormat = .table
}
