import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import NodeAPI
import Provisioning
import StorageCore
import TestSupport
import Testing

@testable import NodeHTTP

/// The routes on a simulated node, asked without a network.
struct API {
    let node: SimulatedNode
    let manager: VolumeManager
    let reconciler: Reconciler
    /// `GET /v1/pools` and the like, those that HEAD adds left out.
    let routes: [String]
    private let client: any TestClientProtocol

    struct Answer {
        let status: Int
        let mediaType: String?
        let headers: HTTPFields
        let body: [UInt8]

        func document<Document: Decodable>(_: Document.Type = Document.self) throws -> Document {
            try WireCoder().decode(Document.self, from: Data(body))
        }

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    static func with(
        gate: Gate = .local, isReady: Bool = true, patience: Duration = .seconds(60),
        _ body: @escaping @Sendable (API) async throws -> Void
    ) async throws {
        let node = try SimulatedNode()
        let program = try node.program(patience: patience)
        if isReady { try await program.reconciler.pass() }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let router = NodeService.router(
            gate: gate, managers: ManagerSource(program.manager), facts: .sample, diagnose: Self.diagnose,
            pair: SamplePair(try .sample()), logger: logger)
        let application = Application(responder: router.buildResponder(), logger: logger)
        let routes = router.routes.filter { $0.method != .head }.map { "\($0.method) \($0.path)" }
        try await application.test(.router) { client in
            try await body(
                API(
                    node: node, manager: program.manager, reconciler: program.reconciler, routes: routes,
                    client: client))
        }
    }

    /// Repeats what it was asked.
    private static func diagnose(_ key: VolumeKey?, _ client: ClientAddress?) -> DiagnosisDocument {
        DiagnosisDocument(
            checked: ["echo"], omitted: [.init(check: "rest", reason: "it is a test")],
            notes: [key?.description ?? "-", client?.description ?? "-"],
            findings: [.init(.nfsdSilent, "node", "it is silent", evidence: "nothing", remedy: "speak")])
    }

    func ask(
        _ method: HTTPRequest.Method, _ path: String, _ body: String? = nil, headers: HTTPFields? = nil
    ) async throws -> Answer {
        let fields = headers ?? (body == nil ? [:] : [.contentType: "application/json"])
        return try await client.execute(
            uri: path, method: method, headers: fields, body: body.map { ByteBuffer(string: $0) }
        ) { response in
            Answer(
                status: response.status.code, mediaType: response.headers[.contentType], headers: response.headers,
                body: Array(response.body.readableBytesView))
        }
    }
}

extension NodeFacts {
    static var sample: NodeFacts {
        NodeFacts(
            name: "test", version: "1", startedAt: Sample.moment,
            nfs: .init(server: "simulated", address: "192.0.2.10", port: 2049, mountdPort: 20048),
            pools: [], service: NFSService(server: "192.0.2.10", mountOptions: ["nfsvers=3", "proto=tcp", "hard"]))
    }
}
