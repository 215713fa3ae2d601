import HTTPTypes
import StorageCore
import TestSupport
import Testing

@testable import NodeAPI
@testable import NodeHTTP

@Suite("The OpenAPI document", .tags(.unit))
struct OpenAPITests {
    private static func description(_ api: API) async throws -> JSONValue {
        try JSONParser.parse(await api.ask(.get, "/openapi.json").body)
    }

    @Test("it is served without a token, GET and HEAD, and is JSON")
    func served() async throws {
        let gate = Gate.tokens([Credential(name: "root", role: .admin, hash: Token().hash)])
        try await API.with(gate: gate) { (api) async throws in
            let answer = try await api.ask(.get, "/openapi.json")
            #expect(answer.status == 200)
            #expect(answer.mediaType == "application/json")
            #expect(try await api.ask(.head, "/openapi.json").status == 200)
            let document = try await Self.description(api)
            #expect(document["openapi"] == "3.1.1")
            #expect(document["info"]?["version"] == "1")
        }
    }

    @Test("it describes the routes of the router, all of them and no others")
    func routes() async throws {
        try await API.with { (api) async throws in
            let document = try await Self.description(api)
            guard case .object(let paths)? = document["paths"] else { throw StorageError(.internal, "no paths") }
            let described = paths.flatMap { path -> [String] in
                guard case .object(let methods) = path.value else { return [] }
                return methods.map { "\($0.key.uppercased()) \(path.key)" }
            }
            #expect(Set(api.routes) == Set(described))
            #expect(described.count == RouteDescription.all.count)
            #expect(Set(RouteDescription.all.map(\.id)).count == described.count)
        }
    }

    @Test("every reference in it leads somewhere")
    func references() async throws {
        try await API.with { (api) async throws in
            let document = try await Self.description(api)
            let references = Self.references(in: document)
            #expect(references.count > 50)
            for reference in references {
                let target = reference.split(separator: "/").dropFirst().reduce(Optional(document)) {
                    $0?[String($1)]
                }
                #expect(reference.hasPrefix("#/") && target != nil, "\(reference)")
            }
        }
    }

    private static func references(in value: JSONValue) -> [String] {
        switch value {
        case .object(let members):
            members.flatMap { member -> [String] in
                if member.key == "$ref", case .string(let text) = member.value { return [text] }
                return references(in: member.value)
            }
        case .array(let elements): elements.flatMap { references(in: $0) }
        case .string, .number, .bool, .null: []
        }
    }

    private static let real = [
        "{namespace}": "shop", "{name}": "data", "{snapshot}": "monday", "{address}": "10.0.0.1",
    ]

    private static func path(_ route: RouteDescription, operation: String) -> String {
        real.reduce(route.path) { $0.replacing($1.key, with: $1.value) }.replacing("{id}", with: operation)
    }

    @Test("a route takes the query parameters that are described, and says so when it refuses another")
    func queries() async throws {
        try await API.with { (api) async throws in
            for route in RouteDescription.all where !route.isOpen {
                let answer = try await api.ask(
                    route.method, "\(Self.path(route, operation: "1"))?no-such=1", "{}")
                let detail = try answer.document(ProblemDocument.self).detail
                let names = route.query.map(\.name)
                let words = names.isEmpty ? "none is allowed here" : "allowed: \(names.joined(separator: ", "))"
                #expect(answer.status == 400 && detail.hasSuffix(words), "\(route.id): \(detail)")
            }
        }
    }

    private static func body(_ schema: String) throws -> String {
        switch schema {
        case "Promote": return #"{"otherIsOff": true}"#
        case "Discard": return #"{"discard": "a"}"#
        case "PairMessage":
            let message = PairMessage(.report, report: try .sample("b", .standby))
            return String(decoding: try WireCoder().encode(message), as: UTF8.self)
        default: return #"{"dryRun": true}"#
        }
    }

    @Test("what routes answer is what is described")
    func answers() async throws {
        try await API.with { (api) async throws in
            let body =
                #"{"namespace": "shop", "name": "data", "size": "1Gi", "clients": [{"address": "10.0.0.1", "access": "rw"}]}"#
            _ = try await api.ask(.post, "/v1/volumes", body)
            _ = try await api.ask(.post, "/v1/volumes/shop/data/snapshots", #"{"name": "monday"}"#)
            let list: OperationListDocument = try await api.ask(.get, "/v1/operations").document()
            let operation = try #require(list.operations.first).id
            for route in RouteDescription.all {
                guard case .document(let schema) = route.answer else { continue }
                // Simulators hold nothing of an operator's that could be adopted.
                if route.body == "AdoptVolume" { continue }
                let body = try route.body.map(Self.body)
                let answer = try await api.ask(route.method, Self.path(route, operation: operation), body)
                #expect(answer.status == 200, "\(route.id)")
                #expect(SchemaCheck().flaws(of: try JSONParser.parse(answer.body), as: schema) == [], "\(route.id)")
            }
            let refusal = try await api.ask(.get, "/v1/volumes/shop/none")
            #expect(SchemaCheck().flaws(of: try JSONParser.parse(refusal.body), as: "Problem") == [])
        }
    }
}
