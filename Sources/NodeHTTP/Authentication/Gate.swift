import Hummingbird
import Logging
import StorageCore

/// Who may do what on one listener.
package enum Gate: Sendable {
    /// Whoever can connect may do everything: the Unix socket, which only root can open, and loopback without tokens.
    case local
    /// Only holders of one of these.
    case tokens([Credential])

    /// The caller's name, for the log. Throws `unauthenticated` or `permissionDenied`.
    func admit(_ request: Request, needing needed: Role) throws(StorageError) -> String {
        guard case .tokens(let credentials) = self else {
            try refuseRebinding(request)
            return "local"
        }
        guard let header = request.headers[.authorization], header.lowercased().hasPrefix("bearer ") else {
            throw StorageError(.unauthenticated, "a token is needed: send it as \"Authorization: Bearer TOKEN\"")
        }
        let presented = TokenHash(of: header.dropFirst(7))
        // Each credential is compared, found or not, so that time tells nothing about them.
        let matches = credentials.filter { $0.hash.matches(presented) }
        guard let credential = matches.first else {
            throw StorageError(.unauthenticated, "the token is not known to this node")
        }
        guard credential.role >= needed else {
            throw StorageError(
                .permissionDenied,
                "the token \(credential.name) has the role \(credential.role.rawValue); this needs \(needed.rawValue)")
        }
        return credential.name
    }
}

/// A page in a browser on this machine can give its own host name the address 127.0.0.1 (DNS rebinding). Such a request
/// carries that name; ours carry an address or localhost.
private func refuseRebinding(_ request: Request) throws(StorageError) {
    guard let authority = request.head.authority, !authority.isEmpty else { return }
    let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" }.dropFirst() : authority.prefix { $0 != ":" }
    let isAddress = (try? ClientAddress(String(host)))?.isSingle == true
    guard isAddress || host == "localhost" else {
        throw StorageError(
            .permissionDenied, "without api.tokens this node answers only by its address, not as \"\(host.prefix(80))\""
        )
    }
}

/// Asks the gate before anything else is looked at.
struct GateMiddleware<Context: RequestContext>: RouterMiddleware {
    let gate: Gate
    let logger: Logger
    /// What its requests need at least, whatever they do.
    var least = Role.reader

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let needed = max(least, Role.needed(for: request.method))
        let caller = try gate.admit(request, needing: needed)
        if needed > .reader {
            // What the nodes of a pair tell each other comes twice a second.
            let level: Logger.Level = request.uri.path == PairRoutes.peerPath ? .trace : .info
            logger.log(level: level, "\(request.method) \(request.uri.path)", metadata: ["caller": "\(caller)"])
        }
        return try await next(request, context)
    }
}
