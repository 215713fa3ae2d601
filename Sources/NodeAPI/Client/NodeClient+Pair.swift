import FoundationEssentials
import StorageCore

extension NodeClient {
    /// `GET /v1/ha`; `notFound` from a node that is on its own.
    package func pair() async throws(StorageError) -> PairDocument { try await get("/v1/ha") }

    /// `POST /v1/ha/switch`.
    package func switchService() async throws(StorageError) -> PairDocument { try await post("/v1/ha/switch", nil) }

    /// `POST /v1/ha/leave`.
    package func leavePair() async throws(StorageError) -> PairDocument { try await post("/v1/ha/leave", nil) }

    /// `POST /v1/ha/promote`.
    package func promote(_ request: PromoteRequest) async throws(StorageError) -> PairDocument {
        try await post("/v1/ha/promote", try coder.encode(request))
    }

    /// `GET /v1/ha/setup`.
    package func setup() async throws(StorageError) -> SetupDocument { try await get("/v1/ha/setup") }

    /// `POST /v1/ha/setup`: the next step.
    package func advanceSetup() async throws(StorageError) -> SetupDocument { try await post("/v1/ha/setup", nil) }

    /// `GET /v1/ha/resolve`.
    package func stakes() async throws(StorageError) -> StakesDocument { try await get("/v1/ha/resolve") }

    /// `POST /v1/ha/resolve`.
    package func discard(_ request: DiscardRequest) async throws(StorageError) -> StakesDocument {
        try await post("/v1/ha/resolve", try coder.encode(request))
    }

    /// `POST /v1/ha/outdate`.
    package func outdateOther() async throws(StorageError) -> OutdatedDocument { try await post("/v1/ha/outdate", nil) }

    /// `POST /v1/ha/peer`.
    package func tell(_ message: PairMessage) async throws(StorageError) -> PairAnswer {
        try await post("/v1/ha/peer", try coder.encode(message))
    }

    private func post<Document: Decodable>(_ path: String, _ body: Data?) async throws(StorageError) -> Document {
        try coder.decode(Document.self, from: try await send(.post, path, body: body).body)
    }
}
