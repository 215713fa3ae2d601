import StorageCore

/// A JSON Schema (draft 2020-12, which is what OpenAPI 3.1 takes), and the few kinds of it that the wire needs.
package struct Schema: Hashable, Sendable {
    package let json: JSONValue

    package init(json: JSONValue) { self.json = json }

    package static func string(_ description: String, format: String? = nil, pattern: String? = nil) -> Schema {
        var json: JSONValue = ["type": "string", "description": .string(description)]
        if let format { json = json.adding(["format": .string(format)]) }
        if let pattern { json = json.adding(["pattern": .string(pattern)]) }
        return Schema(json: json)
    }

    package static func integer(_ description: String, minimum: Int = 0, maximum: Int? = nil) -> Schema {
        let json: JSONValue = [
            "type": "integer", "format": "int64", "description": .string(description),
            "minimum": .number("\(minimum)"),
        ]
        return Schema(json: maximum.map { json.adding(["maximum": .number("\($0)")]) } ?? json)
    }

    package static func number(_ description: String) -> Schema {
        Schema(json: ["type": "number", "description": .string(description)])
    }

    package static func boolean(_ description: String) -> Schema {
        Schema(json: ["type": "boolean", "description": .string(description)])
    }

    /// One of a type's cases, as the wire writes them.
    package static func choice<Value: RawRepresentable & CaseIterable>(
        _ type: Value.Type, _ description: String
    ) -> Schema where Value.RawValue == String {
        let names = Value.allCases.map { JSONValue.string($0.rawValue) }
        return Schema(json: ["type": "string", "description": .string(description), "enum": .array(names)])
    }

    package static func list(of element: Schema, _ description: String? = nil) -> Schema {
        let json: JSONValue = ["type": "array", "items": element.json]
        return Schema(json: description.map { json.adding(["description": .string($0)]) } ?? json)
    }

    /// A schema among the document's components.
    package static func reference(_ name: String) -> Schema {
        Schema(json: ["$ref": .string("#/components/schemas/\(name)")])
    }

    package var orNull: Schema { Schema(json: ["anyOf": [json, ["type": "null"]]]) }

    package struct Property: Sendable {
        let name: String
        let schema: Schema
        let isRequired: Bool

        package static func always(_ name: String, _ schema: Schema) -> Property {
            Property(name: name, schema: schema, isRequired: true)
        }

        package static func maybe(_ name: String, _ schema: Schema) -> Property {
            Property(name: name, schema: schema, isRequired: false)
        }
    }

    /// An object of these properties. Requests have no others; documents may get more in a later version.
    package static func object(
        _ description: String, isClosed: Bool = false, _ properties: [Property]
    ) -> Schema {
        var json: JSONValue = [
            "type": "object", "description": .string(description),
            "properties": .members(properties.map { ($0.name, $0.schema.json) }),
        ]
        let required = properties.filter(\.isRequired).map { JSONValue.string($0.name) }
        if !required.isEmpty { json = json.adding(["required": .array(required)]) }
        return Schema(json: isClosed ? json.adding(["additionalProperties": false]) : json)
    }

    /// An object that has exactly one of its properties.
    package static func either(_ description: String, _ properties: [Property]) -> Schema {
        Schema(
            json: object(description, isClosed: true, properties).json.adding(["minProperties": 1, "maxProperties": 1]))
    }
}
