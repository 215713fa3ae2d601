import FoundationEssentials
import Hummingbird
import NodeAPI

/// What the API is, for programs: an OpenAPI 3.1 document. No token is needed; it says nothing of this node but its
/// version.
struct OpenAPIRoutes {
    let version: String

    func add(to router: some RouterMethods<some RequestContext>) {
        let document = document
        router.get("/openapi.json") { _, _ in try Reply.document(document) }
    }

    var document: JSONValue {
        [
            "openapi": "3.1.1",
            "info": [
                "title": "convert2nfs", "version": .string(version),
                "summary": "NFS volumes of a fixed size, carved out of block storage.",
                "description":
                    "Requests say what is to be and can be repeated. HEAD goes where GET does. docs/api.md has the rules.",
            ],
            // Whether a token is needed depends on the listener; see docs/api.md.
            "security": [["token": []], [:]],
            "paths": paths,
            "components": [
                "schemas": .members(Schemas.all.map { ($0.name, $0.schema.json) }),
                "responses": responses,
                "securitySchemes": ["token": ["type": "http", "scheme": "bearer"]],
            ],
        ]
    }

    /// Every path with its methods.
    private var paths: JSONValue {
        var paths: [(path: String, methods: [(String, JSONValue)])] = []
        for route in RouteDescription.all {
            let method = (route.method.rawValue.lowercased(), route.json)
            if let index = paths.firstIndex(where: { $0.path == route.path }) {
                paths[index].methods.append(method)
            } else {
                paths.append((route.path, [method]))
            }
        }
        return .members(paths.map { ($0.path, .members($0.methods)) })
    }

    private var responses: JSONValue {
        [
            "Problem": [
                "description": "It failed; the code says how.",
                "content": RouteDescription.content(.reference("Problem"), WireCoder.problemMediaType),
            ],
            "Accepted": [
                "description": "It takes longer than five seconds and goes on; follow the operation.",
                "headers": ["Location": ["description": "The operation's path.", "schema": ["type": "string"]]],
                "content": RouteDescription.content(.reference("Operation")),
            ],
        ]
    }
}
