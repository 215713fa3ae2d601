import StorageCore
import Synchronization
import TestSupport
import Testing

@testable import NodeAPI

@Suite("Following an operation")
struct FollowTests {
    @Test("a create that takes long is followed to its end, its steps told on the way")
    func follow() async throws {
        let document = VolumeDocument(try Samples.volume(), usedBytes: nil, service: Samples.service)
        let volume = String(decoding: try WireCoder().encode(document), as: UTF8.self)
        let looks = Mutex(0)
        let seen = Steps()
        try await ScriptedServer.with { request in
            guard request.method == "GET" else {
                return .json(202, Self.operation("running", step: "copy", progress: 0))
            }
            guard request.target == "/v1/operations/7" else { return .json(200, volume) }
            let count = looks.withLock { looks in
                looks += 1
                return looks
            }
            return switch count {
            case 1: .json(200, Self.operation("running", step: "copy", progress: 0.5))
            case 2: .hangUp  // a daemon that restarts, as it may at any moment
            default: .json(200, Self.operation("succeeded", step: "export", progress: 1))
            }
        } _: { server in
            let result = try await NodeClient.with(
                try ServerAddress("http://127.0.0.1:\(server.port)"), onProgress: { seen.add($0) }
            ) { (client) async throws(StorageError) in
                try await client.createVolume(CreateVolumeRequest(key: document.key, capacity: .gibibytes(10)))
            }
            #expect(result.outcome == .changed)
            #expect(result.document == document)
            #expect(seen.all == ["copy 0.0", "copy 0.5", "copy 0.5", "export 1.0"])
        }
    }

    @Test("an operation that fails is thrown as its own error")
    func failed() async throws {
        let problem = ProblemDocument(StorageError(.outOfCapacity, "the pool is full", resource: "pools/default"))
        let json = String(decoding: try WireCoder().encode(problem), as: UTF8.self)
        try await ScriptedServer.with { request in
            request.method == "DELETE"
                ? .json(202, Self.operation("running", step: "remove", progress: 0))
                : .json(200, Self.operation("failed", step: "remove", progress: 0, error: json))
        } _: { server in
            let address = try ServerAddress("http://127.0.0.1:\(server.port)")
            let key = try VolumeKey("shop", "data")
            let error = await failureOf({ client in try await client.deleteVolume(key) }, at: address)
            #expect(error?.code == .outOfCapacity)
            #expect(error?.resource == "pools/default")
        }
    }

    @Test("an operation that has failed and cannot be taken back yet is given up with its own reason")
    func heldUp() async throws {
        let problem = ProblemDocument(StorageError(.unavailable, "the pool does not answer", resource: "pools/default"))
        let json = String(decoding: try WireCoder().encode(problem), as: UTF8.self)
        try await ScriptedServer.with { request in
            request.method == "DELETE"
                ? .json(202, Self.operation("running", step: "remove", progress: 0))
                : .json(200, Self.operation("running", step: "remove", progress: 0, error: json))
        } _: { server in
            let address = try ServerAddress("http://127.0.0.1:\(server.port)")
            let key = try VolumeKey("shop", "data")
            let error = await failureOf(
                { client in try await client.deleteVolume(key) }, at: address, timeout: .milliseconds(200))
            #expect(error?.code == .unavailable && error?.resource == "pools/default")
            #expect(error?.message.contains("the pool does not answer; undoing it") == true)
        }
    }

    @Test("a daemon that is gone for longer than the timeout is given up")
    func gone() async throws {
        try await ScriptedServer.with { request in
            request.method == "DELETE" ? .json(202, Self.operation("running", step: "remove", progress: 0)) : .hangUp
        } _: { server in
            let address = try ServerAddress("http://127.0.0.1:\(server.port)")
            let key = try VolumeKey("shop", "data")
            let error = await failureOf(
                { client in try await client.deleteVolume(key) }, at: address, timeout: .milliseconds(200))
            #expect(error?.code == .unavailable)
        }
    }

    private static func operation(_ state: String, step: String, progress: Double, error: String? = nil) -> String {
        let error = error.map { #","error":\#($0)"# } ?? ""
        return #"{"id":"7","kind":"createVolume","resource":"volumes/shop/data","state":"\#(state)","step":"\#(step)","#
            + #""progress":\#(progress),"startedAt":"2026-11-23T12:52:32.000Z"\#(error)}"#
    }
}

private final class Steps: Sendable {
    private let steps = Mutex<[String]>([])
    func add(_ operation: OperationDocument) {
        steps.withLock { $0.append("\(operation.step ?? "-") \(operation.progress ?? -1)") }
    }
    var all: [String] { steps.withLock { $0 } }
}
