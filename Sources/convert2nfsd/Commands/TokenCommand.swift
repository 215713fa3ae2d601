import ArgumentParser
import NodeHTTP

/// A new token and the line that lets it in; the token itself is kept nowhere.
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Make an API token and print the entry for api.tokens of the configuration.")

    @Option(help: "What the token is called in the log: a DNS-1123 label.")
    var name: String

    @Option(help: "What it may do: admin, provisioner or reader.")
    var role: Role

    func run() throws {
        let name: TokenName
        do { name = try TokenName(self.name) } catch { throw ValidationError(error.message) }
        let token = Token()
        print(
            """
            token (shown once): \(token.text)
            entry for api.tokens:
              - {name: \(name), role: \(role.rawValue), hash: "\(token.hash)"}
            """)
    }
}

extension Role: ExpressibleByArgument {}
