import FoundationEssentials
import Hummingbird
import NodeAPI
import StorageCore

/// The pair, for operators and for the other node.
struct PairRoutes {
    /// Nil on a node that is on its own.
    let node: (any PairNode)?

    static let peerPath = "/v1/ha/peer"

    func addStatus(to router: some RouterMethods<some RequestContext>) {
        router.get("/v1/ha") { request, _ in
            try Query.none(request)
            return try Reply.document(await status())
        }
        router.get("/v1/ha/setup") { request, _ in
            try Query.none(request)
            return try Reply.document(
                SetupDocument(SetupProgress(done: nil, rest: try await pair.planSetup())))
        }
        router.get("/v1/ha/resolve") { request, _ in
            try Query.none(request)
            return try Reply.document(StakesDocument(try await pair.stakes()))
        }
    }

    func addCommands(to router: some RouterMethods<some RequestContext>) {
        router.post("/v1/ha/switch") { request, _ in
            try Query.none(request)
            _ = try await pair.move()
            return try Reply.document(await status())
        }
        router.post("/v1/ha/leave") { request, _ in
            try Query.none(request)
            try await pair.leave()
            return try Reply.document(await status())
        }
        router.post("/v1/ha/promote") { request, _ in
            try Query.none(request)
            _ = try PromoteRequest(body: await Body.json(request))
            _ = try await pair.force()
            return try Reply.document(await status())
        }
        router.post("/v1/ha/setup") { request, _ in
            try Query.none(request)
            return try Reply.document(SetupDocument(try await pair.advanceSetup()))
        }
        router.post("/v1/ha/resolve") { request, _ in
            try Query.none(request)
            try await pair.discard(try DiscardRequest(body: await Body.json(request)).discard)
            return try Reply.document(StakesDocument(try await pair.stakes()))
        }
        router.post(RouterPath(Self.peerPath)) { request, _ in
            try Query.none(request)
            return try Reply.document(await pair.hear(try await message(request)))
        }
        router.post("/v1/ha/outdate") { request, _ in
            try Query.none(request)
            return try Reply.document(OutdatedDocument(by: await pair.outdateOther()))
        }
    }

    private var pair: any PairNode {
        get throws(StorageError) {
            guard let node else {
                throw StorageError(.notFound, "this node is on its own: its configuration has no cluster")
            }
            return node
        }
    }

    private func status() async throws -> PairDocument { PairDocument(try await pair.status()) }

    private func message(_ request: Request) async throws -> PairMessage {
        let bytes = try await Body.json(request)
        do { return try JSONDecoder().decode(PairMessage.self, from: Data(bytes)) } catch {
            throw StorageError(
                .invalidArgument, "the body is no message of a pair's node of this version", cause: error)
        }
    }
}
