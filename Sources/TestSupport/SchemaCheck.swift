import NodeAPI

/// Holds JSON against a schema of the wire, as far as those schemas go, and strictly: a member that its schema does not
/// name is a flaw.
package struct SchemaCheck {
    private let schemas: [String: JSONValue]

    package init() { schemas = Dictionary(uniqueKeysWithValues: Schemas.all.map { ($0.name, $0.schema.json) }) }

    /// What is wrong with `value`, each with its place; empty if nothing is.
    package func flaws(of value: JSONValue, as name: String) -> [String] {
        flaws(of: value, ["$ref": .string("#/components/schemas/\(name)")], at: name)
    }

    private func flaws(of value: JSONValue, _ schema: JSONValue, at place: String) -> [String] {
        if case .string(let reference)? = schema["$ref"] {
            guard let name = reference.split(separator: "/").last, let target = schemas[String(name)] else {
                return ["\(place): \(reference) leads nowhere"]
            }
            return flaws(of: value, target, at: place)
        }
        if case .array(let choices)? = schema["anyOf"] {
            let each = choices.map { flaws(of: value, $0, at: place) }
            return each.contains(where: \.isEmpty) ? [] : each.flatMap(\.self)
        }
        guard case .string(let type)? = schema["type"] else { return ["\(place): its schema has no type"] }
        if case .array(let cases)? = schema["enum"], !cases.contains(value) { return ["\(place): \(value) is no case"] }
        return switch (type, value) {
        case ("object", .object(let members)): flaws(of: members, schema, at: place)
        case ("array", .array(let elements)):
            elements.enumerated().flatMap { index, element in
                flaws(of: element, schema["items"] ?? .null, at: "\(place)[\(index)]")
            }
        case ("string", .string), ("integer", .number), ("number", .number), ("boolean", .bool), ("null", .null): []
        default: ["\(place): \(value) is no \(type)"]
        }
    }

    private func flaws(of members: [JSONValue.Member], _ schema: JSONValue, at place: String) -> [String] {
        let keys = members.map(\.key)
        var required: [String] = []
        if case .array(let names)? = schema["required"] {
            required = names.compactMap { if case .string(let name) = $0 { name } else { nil } }
        }
        let missing = required.filter { !keys.contains($0) }.map { "\(place): \($0) is missing" }
        return members.reduce(into: missing) { flaws, member in
            if let property = schema["properties"]?[member.key] {
                flaws += self.flaws(of: member.value, property, at: "\(place).\(member.key)")
            } else {
                flaws.append("\(place): \(member.key) is not in the schema")
            }
        }
    }
}

extension Schemas {
    /// The properties of an object's schema, and those of them that are always there.
    package static func keys(of name: String) -> (all: Set<String>, required: Set<String>) {
        let schema = all.first { $0.name == name }?.schema.json
        var (names, required): (Set<String>, Set<String>) = ([], [])
        if case .object(let members)? = schema?["properties"] { names = Set(members.map(\.key)) }
        if case .array(let keys)? = schema?["required"] {
            required = Set(keys.compactMap { if case .string(let key) = $0 { key } else { nil } })
        }
        return (names, required)
    }
}
