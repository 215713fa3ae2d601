import HTTPTypes
import NodeAPI
import NodeHTTP
import TestSupport
import Testing

@Suite("Malformed requests", .tags(.unit))
struct MalformedRequestTests {
    struct Bad: Sendable, CustomTestStringConvertible {
        let method: HTTPRequest.Method
        let path: String
        let body: String?
        /// A part of the message that tells what is wrong.
        let says: String

        init(_ method: HTTPRequest.Method, _ path: String, _ body: String? = nil, says: String) {
            self.method = method
            self.path = path
            self.body = body
            self.says = says
        }

        var testDescription: String { "\(method) \(path.prefix(60)) \((body ?? "").prefix(80))" }
    }

    private static func create(_ members: String, says: String) -> Bad {
        Bad(.post, "/v1/volumes", #"{"namespace": "shop", \#(members)}"#, says: says)
    }

    static let bodies: [Bad] = [
        Bad(.post, "/v1/volumes", "", says: "no body"),
        Bad(.post, "/v1/volumes", "{", says: "at byte 2"),
        Bad(.post, "/v1/volumes", "[]", says: "object"),
        Bad(.post, "/v1/volumes", "null", says: "object"),
        Bad(.post, "/v1/volumes", "{} {}", says: "more follows"),
        Bad(.post, "/v1/volumes", "{}", says: "namespace"),
        Bad(.post, "/v1/volumes", String(repeating: "[", count: 100_000), says: "deep"),
        Bad(.post, "/v1/volumes", String(repeating: "x", count: 300_000), says: "larger than"),
        Bad(.post, "/v1/volumes", "\u{FEFF}{}", says: "at byte 1"),
        create(#""name": "data""#, says: "capacityBytes"),
        create(#""name": "data", "size": "1Gi", "colour": "red""#, says: "colour"),
        create(#""name": "data", "size": "1Gi", "name": "twice""#, says: "name"),
        create(#""name": "data", "size": "1Gi", "capacityBytes": 1073741824"#, says: "capacityBytes"),
        create(#""name": "data", "size": 1073741824"#, says: "size"),
        create(#""name": "data", "size": "lots""#, says: "lots"),
        create(#""name": "data", "size": "-1Gi""#, says: "-1Gi"),
        create(#""name": "data", "size": "9Ei""#, says: "9Ei"),
        create(#""name": "data", "size": "7Ei""#, says: "too large for xfs"),
        create(#""name": "data", "size": "8191Pi""#, says: "too large for xfs"),
        create(#""name": "data", "capacityBytes": 9223372036854775807"#, says: "too large"),
        create(#""name": "data", "size": "17Ti", "filesystem": "ext4""#, says: "too large for ext4"),
        create(#""name": "data", "size": """#, says: "size"),
        create(#""name": "data", "capacityBytes": 0"#, says: "0"),
        create(#""name": "data", "capacityBytes": -5"#, says: "-5"),
        create(#""name": "data", "capacityBytes": 1.5"#, says: "capacityBytes"),
        create(#""name": "data", "capacityBytes": 1e400"#, says: "capacityBytes"),
        create(#""name": "data", "capacityBytes": "1073741824""#, says: "capacityBytes"),
        create(#""name": "data", "size": "1Mi""#, says: "at least"),
        create(#""name": "..", "size": "1Gi""#, says: "name"),
        create(#""name": "a/b", "size": "1Gi""#, says: "'/'"),
        create(#""name": "", "size": "1Gi""#, says: "empty"),
        create(#""name": "\#(String(repeating: "x", count: 65_536))", "size": "1Gi""#, says: "longer than 63"),
        create(#""name": "a\u0000b", "size": "1Gi""#, says: "name"),
        create(#""name": 7, "size": "1Gi""#, says: "name"),
        create(#""name": null, "size": "1Gi""#, says: "name"),
        create(#""name": "data", "size": "1Gi", "pool": "no-such-pool""#, says: "no-such-pool"),
        create(#""name": "data", "size": "1Gi", "filesystem": "ntfs""#, says: "ntfs"),
        create(#""name": "data", "size": "1Gi", "squash": true"#, says: "squash"),
        create(#""name": "data", "size": "1Gi", "clients": "everyone""#, says: "clients"),
        create(
            #""name": "data", "size": "1Gi", "clients": [{"address": "*", "access": "rw"}]"#, says: "not an address"),
        create(
            #""name": "data", "size": "1Gi", "clients": [{"address": "0.0.0.0/0", "access": "rw"}]"#, says: "everyone"),
        create(#""name": "data", "size": "1Gi", "clients": [{"address": "10.0.0.1", "access": "rx"}]"#, says: "rx"),
        create(
            #""name": "data", "size": "1Gi", "clients": [{"address": "10.0.0.1", "access": "rw"}, {"address": "10.0.0.1", "access": "ro"}]"#,
            says: "both"),
        create(#""name": "data", "size": "1Gi", "source": {}"#, says: "source"),
        create(
            #""name": "data", "size": "1Gi", "source": {"volume": {"namespace": "no", "name": "where"}}"#,
            says: "no/where"),
        Bad(.post, "/v1/volumes", #"{"namespace": "a", "name": "bc", "size": "1Gi"}"#, says: "ab/c"),
    ]

    static let others: [Bad] = [
        Bad(.get, "/v1/volumes?limit=0", says: "limit"),
        Bad(.get, "/v1/volumes?limit=ten", says: "limit"),
        Bad(.get, "/v1/volumes?limit=1&limit=2", says: "twice"),
        Bad(.get, "/v1/volumes?colour=red", says: "colour"),
        Bad(.post, "/v1/volumes?dry-run=1", #"{"namespace": "shop", "name": "data", "size": "1Gi"}"#, says: "dry-run"),
        Bad(.get, "/v1/pools?x=1", says: "\"x\""),
        Bad(.get, "/v1/node?x=1", says: "\"x\""),
        Bad(.get, "/v1/volumes/ab/c/manifest?x=1", says: "\"x\""),
        Bad(.get, "/v1/volumes/ab/c/snapshots?x=1", says: "\"x\""),
        Bad(.get, "/v1/volumes?continue=xyz", says: "continue"),
        Bad(.get, "/v1/volumes?namespace=..", says: "namespace"),
        Bad(.get, "/v1/volumes/..%2F..%2Fetc/passwd", says: "namespace"),
        Bad(.get, "/v1/volumes/ab/%00", says: "volume name"),
        Bad(.get, "/v1/volumes/ab/no", says: "does not exist"),
        Bad(.get, "/v1/nothing", says: "not a route"),
        Bad(.delete, "/v1/pools", says: "not a route"),
        Bad(.delete, "/v1/volumes/ab/c?snapshots=all", says: "snapshots"),
        Bad(.patch, "/v1/volumes/ab/c", "{}", says: "changes nothing"),
        Bad(.patch, "/v1/volumes/ab/c", #"{"size": "1Mi"}"#, says: "cannot shrink"),
        Bad(.patch, "/v1/volumes/ab/c", #"{"size": "8191Pi"}"#, says: "too large for xfs"),
        Bad(.patch, "/v1/volumes/ab/c", #"{"capacityBytes": 9223372036854775807}"#, says: "too large"),
        Bad(.patch, "/v1/volumes/ab/c", #"{"name": "new"}"#, says: "name"),
        Bad(.patch, "/v1/volumes/no/where", #"{"size": "2Gi"}"#, says: "does not exist"),
        Bad(.put, "/v1/volumes/ab/c/clients/all", #"{"access": "rw"}"#, says: "not an address"),
        Bad(.put, "/v1/volumes/ab/c/clients/10.0.0.1", #"{}"#, says: "access"),
        Bad(.put, "/v1/volumes/no/where/clients/10.0.0.1", #"{"access": "rw"}"#, says: "does not exist"),
        Bad(.post, "/v1/volumes/ab/c/snapshots", #"{"name": "a b"}"#, says: "snapshot name"),
        Bad(.post, "/v1/volumes/no/where/snapshots", #"{"name": "a"}"#, says: "does not exist"),
        Bad(.get, "/v1/operations/no-such", says: "no operation"),
        Bad(.get, "/v1/operations?limit=99999", says: "limit"),
    ]

    @Test("each is answered by a problem that says what is wrong, and nothing is changed", arguments: bodies + others)
    func refused(_ bad: Bad) async throws {
        try await API.with { (api) async throws in
            _ = try await api.ask(.post, "/v1/volumes", #"{"namespace": "ab", "name": "c", "size": "1Gi"}"#)
            let before = try await api.ask(.get, "/v1/volumes").text
            let answer = try await api.ask(bad.method, bad.path, bad.body)
            #expect((400..<500).contains(answer.status), "\(answer.status) \(answer.text.prefix(300))")
            #expect(answer.mediaType == "application/problem+json")
            let problem: ProblemDocument = try answer.document()
            #expect(problem.detail.contains(bad.says), "\(problem.detail.prefix(300))")
            #expect(problem.detail.utf8.count < 1000)
            #expect(problem.status == answer.status)
            #expect(try await api.ask(.get, "/v1/volumes").text == before)
            try await api.node.expectConsistency()
        }
    }

    @Test(
        "a body that is not said to be JSON is refused: a browser could have been made to send it",
        arguments: ["text/plain", "application/x-www-form-urlencoded", nil])
    func mediaType(_ type: String?) async throws {
        try await API.with { (api) async throws in
            var headers = HTTPFields()
            headers[.contentType] = type
            let body = #"{"namespace": "shop", "name": "data", "size": "1Gi"}"#
            let answer = try await api.ask(.post, "/v1/volumes", body, headers: headers)
            #expect(answer.status == 400)
            #expect(answer.text.contains("Content-Type: application/json"))
        }
    }
}
