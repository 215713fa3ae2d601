import ArgumentParser
import FoundationEssentials
import NodeAPI

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Where the node is and who asks.
struct ConnectionOptions: ParsableArguments {
    static let environmentKey = "CONVERT2NFS_SERVER"

    @Option(
        help: ArgumentHelp(
            "The node: http://HOST:PORT, https://HOST:PORT or unix:///PATH.",
            discussion: "Default: \(environmentKey), else \(ServerAddress.standard).", valueName: "url"),
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

    /// `notFound` for a file that cannot be read, `invalidArgument` for one without a token.
    func token() throws(StorageError) -> String? {
        guard let tokenFile else { return nil }
        let text: String
        do {
            text = try String(contentsOfFile: tokenFile, encoding: .utf8)
        } catch {
            throw StorageError(
                .notFound, "the token file \(tokenFile) cannot be read; is the path right, and may you read it?",
                cause: error)
        }
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        // RFC 6750, section 2.1; a line break in it would be a header of its own.
        let isToken = !line.isEmpty && line.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        guard isToken else {
            throw StorageError(.invalidArgument, "the token file \(tokenFile) has no token on its first line")
        }
        return line
    }
}

struct OutputOptions: ParsableArguments {
    @Option(name: [.customShort("o"), .customLong("output")], help: "How to show the result.")
    var format: OutputFormat = .table
}
