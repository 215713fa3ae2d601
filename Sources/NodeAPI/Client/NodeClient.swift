import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import StorageCore

/// A client of a node's REST API: one method a route. Every call has a deadline. Every error is a `StorageError`: the
/// server's own where it answered with a problem, `unavailable` where it could not be reached or did not answer in
/// time, `permissionDenied` for a socket that this user may not open. Work that takes long is followed to its end.
package struct NodeClient: Sendable {
    package typealias ProgressHandler = @Sendable (OperationDocument) -> Void

    package let server: ServerAddress
    let token: String?
    let timeout: Duration
    let onProgress: ProgressHandler
    let http: HTTPClient
    let coder = WireCoder()

    /// Runs `body` with a client whose connections end with it. `timeout` is for each call; `onProgress` hears of every
    /// look at an operation that is being followed.
    package static func with<Result: Sendable>(
        _ server: ServerAddress, token: String? = nil, timeout: Duration = .seconds(60),
        onProgress: @escaping ProgressHandler = { _ in },
        _ body: @Sendable (NodeClient) async throws(StorageError) -> Result
    ) async throws(StorageError) -> Result {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        // A daemon that is down is to be reported at once, not after the deadline.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.timeout.connect = min(.seconds(10), TimeAmount(timeout))
        let client = NodeClient(
            server: server, token: token, timeout: timeout, onProgress: onProgress,
            http: HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration))
        do {
            let result = try await body(client)
            try? await client.http.shutdown()
            return result
        } catch {
            try? await client.http.shutdown()
            throw error
        }
    }

    private init(
        server: ServerAddress, token: String?, timeout: Duration, onProgress: @escaping ProgressHandler,
        http: HTTPClient
    ) {
        self.server = server
        self.token = token
        self.timeout = timeout
        self.onProgress = onProgress
        self.http = http
    }

    /// `GET /`.
    package func health() async throws(StorageError) -> HealthDocument { try await get("/") }

    /// `GET /readyz`; throws `unavailable` until the node has started, and while its NFS server does not serve.
    package func ready() async throws(StorageError) -> HealthDocument { try await get("/readyz") }

    /// `GET /v1/node`.
    package func node() async throws(StorageError) -> NodeDocument { try await get("/v1/node") }

    /// `GET /v1/pools`.
    package func pools() async throws(StorageError) -> [PoolDocument] {
        let list: PoolListDocument = try await get("/v1/pools")
        return list.pools
    }

    /// `GET /v1/operations`.
    package func operations() async throws(StorageError) -> [OperationDocument] {
        let list: OperationListDocument = try await get("/v1/operations")
        return list.operations
    }

    /// `GET /v1/operations/{id}`.
    package func operation(_ id: String) async throws(StorageError) -> OperationDocument {
        try await get("/v1/operations/\(percentEncoded(id))")
    }

    /// `POST /v1/catalog/rebuild`.
    package func rebuildCatalog(_ request: RebuildCatalogRequest) async throws(StorageError) -> RebuildDocument {
        let answer = try await send(.post, "/v1/catalog/rebuild", body: try coder.encode(request))
        return try coder.decode(RebuildDocument.self, from: answer.body)
    }

    /// `GET /v1/diagnosis`, of the whole node or of one volume, and as a client of that address sees it.
    package func diagnosis(
        of volume: VolumeKey? = nil, from client: ClientAddress? = nil
    ) async throws(StorageError) -> DiagnosisDocument {
        let items = [("volume", volume?.description), ("from", client?.description)]
        let query = items.compactMap { item in item.1.map { "\(item.0)=\(percentEncoded($0))" } }
        return try await get("/v1/diagnosis" + (query.isEmpty ? "" : "?" + query.joined(separator: "&")))
    }

    func get<Document: Decodable>(_ path: String) async throws(StorageError) -> Document {
        try coder.decode(Document.self, from: try await send(.get, path).body)
    }
}

/// What a call that ensures a state found or made.
package struct Ensured<Document: Sendable>: Sendable {
    /// `.unchanged` where it was there already.
    package let outcome: Outcome
    package let document: Document
}
