/// JSON as it was written (RFC 8259): members in order, numbers as their digits, so that nothing is lost before it is
/// checked.
package enum JSONValue: Hashable, Sendable {
    case object([Member])
    case array([JSONValue])
    case string(String)
    case number(String)
    case bool(Bool)
    case null

    package struct Member: Hashable, Sendable {
        package let key: String
        package let value: JSONValue
    }

    /// How messages call it, short enough to repeat to whoever sent it.
    var shown: String {
        switch self {
        case .object: "an object"
        case .array: "a list"
        case .string(let text): "the string \(quoted(text))"
        case .number(let digits): "the number \(digits.utf8.count > 40 ? "\(digits.prefix(40))…" : digits)"
        case .bool(let flag): "\(flag)"
        case .null: "null"
        }
    }
}

/// Text from outside as messages repeat it: in quotes, cut to 40 characters, nothing in it that a terminal would obey.
func quoted(_ text: String) -> String {
    let scalars = text.unicodeScalars
    let shown = scalars.prefix(40).map { $0.escaped(asASCII: true) }.joined()
    return "\"\(shown)\(scalars.count > 40 ? "…" : "")\""
}
