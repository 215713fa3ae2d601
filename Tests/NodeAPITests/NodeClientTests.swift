import Foundation
import StorageCore
import Synchronization
import TestSupport
import Testing

@testable import NodeAPI

@Suite("NodeClient")
struct NodeClientTests {
    @Test("a call carries its method, path, token and body, and reads the document")
    func call() async throws {
        let document = VolumeDocument(try Samples.volume(), usedBytes: nil, service: Samples.service)
        let json = String(decoding: try WireCoder().encode(document), as: UTF8.self)
        try await ScriptedServer.with(answer: { _ in .json(201, json) }) { server in
            let result = try await NodeClient.with(address(of: server), token: "secret") {
                (client) async throws(StorageError) in
                try await client.createVolume(
                    CreateVolumeRequest(key: document.key, capacity: .gibibytes(10)))
            }
            #expect(result.outcome == .changed)
            #expect(result.document == document)
            let request = try #require(server.requests.first)
            #expect(request.method == "POST")
            #expect(request.target == "/v1/volumes")
            #expect(request.headers["authorization"] == "Bearer secret")
            #expect(request.headers["content-type"] == "application/json")
            #expect(try CreateVolumeRequest(body: Array(request.body.utf8)).key == document.key)
        }
    }

    @Test("every route has the contract's method and path")
    func routes() async throws {
        let key = try VolumeKey("shop", "data")
        let rule = ClientRule(address: try ClientAddress("fd00::/64"), access: .readOnly)
        let snapshot = SnapshotKey(volume: key, name: try SnapshotName("monday"))
        let seen = try await ScriptedServer.with(answer: { _ in .json(404, "{}") }) { server in
            let address = try address(of: server)
            let calls: [Call] = [
                { client in _ = try await client.health() },
                { client in _ = try await client.node() },
                { client in _ = try await client.pools() },
                { client in _ = try await client.operations() },
                { client in _ = try await client.operation("a/b") },
                { client in
                    _ = try await client.volumePage(namespace: key.namespace, limit: 5, continue: "a&b")
                },
                { client in _ = try await client.volume(key) },
                { client in
                    _ = try await client.updateVolume(key, UpdateVolumeRequest(squash: .all))
                },
                { client in try await client.deleteVolume(key) },
                { client in try await client.deleteVolume(key, snapshots: true) },
                { client in try await client.deleteVolume(key, snapshots: true, force: true) },
                { client in _ = try await client.manifest(key) },
                { client in _ = try await client.setClient(rule, of: key) },
                { client in _ = try await client.removeClient(rule.address, of: key) },
                { client in _ = try await client.createSnapshot(snapshot) },
                { client in _ = try await client.snapshots(of: key) },
                { client in _ = try await client.snapshot(snapshot) },
                { client in try await client.deleteSnapshot(snapshot) },
            ]
            for call in calls {
                let error = await failureOf(call, at: address)
                #expect(error?.code == .notFound)
            }
            return server.requests.map { "\($0.method) \($0.target)" }
        }
        let volume = "/v1/volumes/shop/data"
        #expect(
            seen == [
                "GET /", "GET /v1/node", "GET /v1/pools", "GET /v1/operations", "GET /v1/operations/a%2Fb",
                "GET /v1/volumes?namespace=shop&limit=5&continue=a%26b", "GET \(volume)", "PATCH \(volume)",
                "DELETE \(volume)", "DELETE \(volume)?snapshots=delete",
                "DELETE \(volume)?snapshots=delete&force=true", "GET \(volume)/manifest",
                "PUT \(volume)/clients/fd00%3A%3A%2F64", "DELETE \(volume)/clients/fd00%3A%3A%2F64",
                "POST \(volume)/snapshots", "GET \(volume)/snapshots", "GET \(volume)/snapshots/monday",
                "DELETE \(volume)/snapshots/monday",
            ])
    }

    @Test("a problem is thrown as the error it was")
    func problem() async throws {
        let sent = StorageError(.outOfCapacity, "the pool is full; add a disk", resource: "pools/default")
        let json = String(decoding: try WireCoder().encode(ProblemDocument(sent)), as: UTF8.self)
        let error = try await failure { _ in .json(507, json) }
        #expect(error?.code == .outOfCapacity)
        #expect(error?.message == sent.message)
        #expect(error?.resource == sent.resource)
    }

    @Test(
        "an answer of something else than a node is an error that says so",
        arguments: [(502, StorageError.Code.unavailable), (404, .notFound), (500, .internal), (301, .internal)])
    func foreign(status: Int, code: StorageError.Code) async throws {
        let error = try await failure { _ in .text(status, "<html>") }
        #expect(error?.code == code)
        #expect(error?.message.contains("answered with HTTP status \(status) and no problem document") == true)
    }

    @Test("a document that is none is an error, not a crash")
    func garbage() async throws {
        #expect(try await failure { _ in .json(200, "[") }?.code == .internal)
    }

    @Test(
        "silence, before the head or within the body, ends at the deadline", .timeLimit(.minutes(1)),
        arguments: [false, true])
    func silence(isHalf: Bool) async throws {
        let clock = ContinuousClock()
        let start = clock.now
        let error = try await failure(timeout: .milliseconds(300)) { _ in isHalf ? .half : .silence }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("did not answer within 0.3 s") == true, "\(String(describing: error))")
        #expect(clock.now - start < .seconds(10))
    }

    @Test("a server that hangs up is unavailable")
    func hangUp() async throws {
        #expect(try await failure { _ in .hangUp }?.code == .unavailable)
    }

    @Test("a port where nobody listens is unavailable at once, and named")
    func refused() async throws {
        let server = try ScriptedServer { _ in .hangUp }
        let address = try address(of: server)
        server.stop()
        let error = await health(address)
        #expect(error?.code == .unavailable)
        #expect(error?.message.hasPrefix("\(address) cannot be reached; is convert2nfsd running there") == true)
    }

    @Test("a Unix socket is a server like any other")
    func socket() async throws {
        let path = socketPath()
        try await ScriptedServer.with(at: .socket(path), answer: { _ in .json(200, #"{"health":"ok"}"#) }) { server in
            let document = try await NodeClient.with(.socket(path)) { (client) async throws(StorageError) in
                try await client.health()
            }
            #expect(document.isOK)
            #expect(server.requests.first?.target == "/")
        }
    }

    @Test("a socket that is not there is unavailable, with what to do")
    func noSocket() async throws {
        let path = socketPath()
        let error = await health(.socket(path))
        #expect(error?.code == .unavailable)
        #expect(
            error?.message
                == "there is no socket \(path); is convert2nfsd running here? If it runs elsewhere, use --server")
    }

    @Test("all pages are read, each with the token of the one before")
    func pages() async throws {
        let document = VolumeDocument(try Samples.volume(), usedBytes: nil, service: Samples.service)
        let pages = try [("a", nil), ("b", "a"), (nil, "b")].map { (next: String?, token: String?) in
            let list = VolumeListDocument(volumes: [document], continue: next)
            return (token, String(decoding: try WireCoder().encode(list), as: UTF8.self))
        }
        try await ScriptedServer.with { request in
            let token = request.target.split(separator: "continue=").dropFirst().first.map(String.init)
            return .json(200, pages.first { $0.0 == token }?.1 ?? "{}")
        } _: { server in
            let volumes = try await NodeClient.with(address(of: server)) { (client) async throws(StorageError) in
                try await client.volumes()
            }
            #expect(volumes.count == 3)
            #expect(server.requests.count == 3)
        }
    }

    @Test("a server that sends the same page for ever is found out")
    func endlessPages() async throws {
        let error = try await failure(call: { client in _ = try await client.volumes() }) {
            _ in
            .json(200, #"{"volumes":[],"continue":"x"}"#)
        }
        #expect(error?.code == .internal)
    }

    private func failure(
        timeout: Duration = .seconds(30), call: @escaping Call = { client in _ = try await client.health() },
        answer: @escaping @Sendable (ScriptedServer.Request) -> ScriptedServer.Reply
    ) async throws -> StorageError? {
        try await ScriptedServer.with(answer: answer) { server in
            await failureOf(call, at: try address(of: server), timeout: timeout)
        }
    }

    private func health(_ address: ServerAddress) async -> StorageError? {
        await failureOf({ client in _ = try await client.health() }, at: address)
    }

    private func address(of server: ScriptedServer) throws -> ServerAddress {
        try ServerAddress("http://127.0.0.1:\(server.port)")
    }

    private func socketPath() -> String {
        FileManager.default.temporaryDirectory.appending(path: "c2n-\(UUID().uuidString).sock").path
    }
}
