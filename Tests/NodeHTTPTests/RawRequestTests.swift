import Logging
import NodeAPI
import Provisioning
import StorageCore
import TestSupport
import Testing

@testable import NodeHTTP

@Suite("What comes over a connection and is no proper request", .tags(.integration))
struct RawRequestTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let bytes: [UInt8]
        var ends = false
        var testDescription: String { name }

        init(_ name: String, _ text: String, ends: Bool = false) {
            self.init(name, Array(text.utf8), ends: ends)
        }

        init(_ name: String, _ bytes: [UInt8], ends: Bool = false) {
            self.name = name
            self.bytes = bytes
            self.ends = ends
        }
    }

    private static let post = "POST /v1/volumes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

    static let cases: [Case] = [
        Case("nothing", "", ends: true),
        Case("words", "what is this?\r\n\r\n"),
        Case("a TLS hello", [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC] + Array(repeating: 0, count: 600)),
        Case("zeros", Array(repeating: 0, count: 100_000), ends: true),
        Case("another protocol", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        Case("an unknown version", "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", ends: true),
        Case("two hosts", "GET /v1/volumes HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        Case("half a request line", "GET /v1/vol", ends: true),
        Case("a path of 1 MiB", "GET /\(String(repeating: "a", count: 1 << 20)) HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        Case(
            "a header of 1 MiB",
            "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: \(String(repeating: "a", count: 1 << 20))\r\n\r\n"),
        Case(
            "20,000 headers",
            "GET / HTTP/1.1\r\nHost: localhost\r\n\(String(repeating: "X-A: b\r\n", count: 20_000))\r\n"),
        Case("a header without a name", "GET / HTTP/1.1\r\nHost: localhost\r\n: x\r\n\r\n"),
        Case("a zero in a header", "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n"),
        Case("a negative length", post + "Content-Length: -1\r\n\r\n{}"),
        Case("a length that is no number", post + "Content-Length: ten\r\n\r\n{}"),
        Case("a length beyond all", post + "Content-Length: 99999999999999999999\r\n\r\n{}"),
        Case("two lengths", post + "Content-Length: 2\r\nContent-Length: 20\r\n\r\n{}"),
        Case("a length and chunks", post + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Case("a chunk without a size", post + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n"),
        Case("a chunk that is cut", post + "Transfer-Encoding: chunked\r\n\r\nff\r\n{}", ends: true),
        Case("a body that is cut", post + "Content-Length: 200\r\n\r\n{", ends: true),
        Case("an unknown encoding", post + "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
    ]

    @Test("it is refused or closed, never a server's error, and others are answered on", arguments: cases)
    func malformed(_ item: Case) async throws {
        try await RawNode.with { node in
            let answer = try await node.connection().exchange(item.bytes, ends: item.ends, patience: 0.3)
            #expect(!answer.text.hasPrefix("HTTP/1.1 5") && !answer.text.hasPrefix("HTTP/1.1 2"), "\(answer.text)")
            try await node.expectHealth()
            #expect(try await node.volumes().isEmpty)
        }
    }

    @Test("requests that follow each other at once are answered in turn, and HTTP/1.0 is spoken")
    func proper() async throws {
        try await RawNode.with { node in
            let line = "GET / HTTP/1.1\r\nHost: localhost\r\n"
            let pair = try await node.connection().exchange(
                Array("\(line)\r\n\(line)Connection: close\r\n\r\n".utf8))
            #expect(pair.text.components(of: "HTTP/1.1 200") == 2 && pair.ending == .closed)
            let old = try await node.connection().exchange(
                Array("GET / HTTP/1.0\r\n\r\n".utf8), patience: 1)
            #expect(old.text.contains("\"health\""))
        }
    }

    @Test(
        "whoever goes silent is closed, at the start and in the middle of a request",
        arguments: ["", "GET / HTTP/1.1\r\nHo", post + "Content-Length: 200\r\n\r\n{"])
    func silent(_ beginning: String) async throws {
        var limits = NodeService.Limits()
        limits.idleTimeout = .milliseconds(200)
        try await RawNode.with(limits) { node in
            let answer = try await node.connection().exchange(Array(beginning.utf8), patience: 60)
            #expect(answer.ending == .closed && !answer.text.hasPrefix("HTTP/1.1 5"))
            try await node.expectHealth()
        }
    }

    @Test("one more than the limit waits until another ends")
    func limit() async throws {
        var limits = NodeService.Limits()
        limits.connections = 1
        try await RawNode.with(limits) { node in
            let request = Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
            var first: RawConnection? = try node.connection()
            #expect(try #require(await first?.exchange(request, patience: 1)).text.contains("200 OK"))
            let second = try node.connection()
            #expect(await second.exchange(request, patience: 0.5).text.isEmpty)
            first = nil
            #expect(await second.exchange([], patience: 1).text.contains("200 OK"))
        }
    }
}

/// The service on a socket, with a simulated node behind it.
struct RawNode: Sendable {
    let socket: String

    static func with(
        _ limits: NodeService.Limits = .init(), _ body: @escaping @Sendable (RawNode) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let node = RawNode(socket: "\(directory.path)/api")
        let program = try SimulatedNode().program()
        try await program.reconciler.pass()
        let service = NodeService(
            listener: .socket(path: node.socket), gate: .local, managers: ManagerSource(program.manager),
            facts: .sample,
            diagnose: { _, _ in DiagnosisDocument(checked: [], findings: []) },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, limits: limits)
        try await withThrowingTaskGroup { group in
            group.addTask { try await service.run() }
            try await eventually { (try? node.connection()) != nil }
            try await body(node)
            group.cancelAll()
        }
    }

    func connection() throws -> RawConnection { try RawConnection(socket) }

    func expectHealth() async throws {
        let text = try await get("/")
        #expect(text.contains("\"health\"") && text.contains("200 OK"), "\(text)")
    }

    /// The keys of all volumes, as the list has them.
    func volumes() async throws -> [Substring] {
        let text = try await get("/v1/volumes")
        return text.contains("\"volumes\":[]") ? [] : [Substring(text)]
    }

    private func get(_ path: String) async throws -> String {
        let request = "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        return try await connection().exchange(Array(request.utf8)).text
    }
}

extension String {
    fileprivate func components(of part: String) -> Int {
        var count = 0
        var rest = self[...]
        while let range = rest.firstRange(of: part) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
