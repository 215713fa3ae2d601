import HTTPTypes
import NodeAPI

/// What the OpenAPI document says of one route.
struct RouteDescription: Sendable {
    /// What a route answers when it succeeds; how it fails is the same for all.
    enum Answer: Sendable {
        /// 200 with the schema of this name.
        case document(String)
        /// 201, or 200 if it was there.
        case made(String)
        /// 200.
        case changed(String)
        /// 204, also if it was gone.
        case deleted
        case yaml
        /// 200 with any JSON.
        case json
    }

    struct QueryParameter: Sendable {
        let name: String
        let schema: Schema
    }

    let method: HTTPRequest.Method
    let path: String
    let id: String
    let summary: String
    var query: [QueryParameter] = []
    /// The schema of the body.
    var body: String?
    let answer: Answer
    /// Whether it is answered without a token.
    var isOpen = false

    init(
        _ method: HTTPRequest.Method, _ path: String, _ id: String, _ summary: String, query: [QueryParameter] = [],
        body: String? = nil, _ answer: Answer, isOpen: Bool = false
    ) {
        self.method = method
        self.path = path
        self.id = id
        self.summary = summary
        self.query = query
        self.body = body
        self.answer = answer
        self.isOpen = isOpen
    }
}

extension RouteDescription {
    /// The operation object of the route (OpenAPI 3.1, section 4.8.10).
    var json: JSONValue {
        var json: JSONValue = [
            "operationId": .string(id), "summary": .string(summary),
            "parameters": .array(pathParameters + queryParameters),
            "responses": .members(successes + [("default", ["$ref": "#/components/responses/Problem"])]),
        ]
        if isOpen { json = json.adding(["security": []]) }
        guard let body else { return json }
        return json.adding(["requestBody": ["required": true, "content": Self.content(.reference(body))]])
    }

    private var pathParameters: [JSONValue] {
        path.split(separator: "/").filter { $0.hasPrefix("{") }.map { part in
            let name = String(part.dropFirst().dropLast())
            let schema: Schema =
                switch name {
                case "address": .reference("ClientAddress")
                case "id": .string("As a 202 or the list gave it.")
                default: .reference("Name")
                }
            return ["name": .string(name), "in": "path", "required": true, "schema": schema.json]
        }
    }

    private var queryParameters: [JSONValue] {
        query.map { ["name": .string($0.name), "in": "query", "schema": $0.schema.json] }
    }

    private var successes: [(String, JSONValue)] {
        switch answer {
        case .document(let name): [("200", Self.response("As it is.", .reference(name)))]
        case .made(let name):
            [
                ("200", Self.response("It was there.", .reference(name))),
                ("201", Self.response("It was made.", .reference(name))), Self.accepted,
            ]
        case .changed(let name): [("200", Self.response("As it is now.", .reference(name))), Self.accepted]
        case .deleted: [("204", ["description": "It is gone."]), Self.accepted]
        case .yaml:
            [("200", ["description": "YAML.", "content": ["application/yaml": ["schema": ["type": "string"]]]])]
        case .json: [("200", Self.response("This document.", Schema(json: ["type": "object"])))]
        }
    }

    private static let accepted: (String, JSONValue) = ("202", ["$ref": "#/components/responses/Accepted"])

    static func content(_ schema: Schema, _ mediaType: String = WireCoder.mediaType) -> JSONValue {
        let media: JSONValue = ["schema": schema.json]
        return .members([(mediaType, media)])
    }

    private static func response(_ description: String, _ schema: Schema) -> JSONValue {
        ["description": .string(description), "content": content(schema)]
    }
}
