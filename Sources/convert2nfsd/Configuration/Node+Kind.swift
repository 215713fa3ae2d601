import Yams

extension Node {
    /// What it is, in an operator's words: `the text "abc"`, `the number 5`, `a list`.
    var kind: String {
        switch self {
        case .mapping: return "keys"
        case .sequence: return "a list"
        case .alias: return "an alias"
        case .scalar(let scalar):
            let shown = scalar.string.shown
            switch tag.rawValue {
            case Tag.Name.int.rawValue, Tag.Name.float.rawValue: return "the number \(shown)"
            case Tag.Name.bool.rawValue: return "the truth value \(shown)"
            case Tag.Name.timestamp.rawValue: return "the date \(shown)"
            case Tag.Name.null.rawValue: return "nothing"
            default: return "\"\(shown)\""
            }
        }
    }

    var line: Int? { mark?.line }
}

extension String {
    /// Safe and short enough for a message: control and other characters beyond ASCII escaped, the rest cut off.
    var shown: String {
        let text = unicodeScalars.prefix(60).map { $0.escaped(asASCII: false) }.joined()
        return unicodeScalars.count > 60 ? "\(text)…" : text
    }
}

extension Sequence where Element == String {
    /// `a, b or c`.
    var listed: String {
        let all = Array(self)
        guard all.count > 1, let last = all.last else { return all.first ?? "" }
        return "\(all.dropLast().joined(separator: ", ")) or \(last)"
    }
}
