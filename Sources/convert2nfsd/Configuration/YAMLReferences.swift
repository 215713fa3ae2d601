/// Anchors and aliases have no use here, and a few lines of them can stand for more text than fits into memory
/// ("billion laughs"). They are looked for before the parser sees the text.
struct YAMLReferences {
    static let refusal =
        "anchors and aliases (&name, *name) are not supported; write the value out, or in quotes if it begins with & or *"

    private var line = 1
    private var quote: UInt8?
    private var isEscaped = false
    private var isComment = false
    /// Whether a value or a key may begin here.
    private var mayBegin = true
    private var followsSpace = true

    /// The line of the first `&` or `*` where a value or a key may begin, outside comments and quotes; nil if there is
    /// none.
    static func firstLine(in text: String) -> Int? {
        var scanner = YAMLReferences()
        return text.utf8.contains { scanner.isReference($0) } ? scanner.line : nil
    }

    private mutating func isReference(_ byte: UInt8) -> Bool {
        if byte == UInt8(ascii: "\n") {
            line += 1
            (isComment, mayBegin, followsSpace) = (false, true, true)
            return false
        }
        defer { followsSpace = byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        guard !isComment, !passesQuoted(byte) else { return false }
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
        case UInt8(ascii: "#") where followsSpace: isComment = true
        case UInt8(ascii: "&") where mayBegin, UInt8(ascii: "*") where mayBegin: return true
        case UInt8(ascii: "\"") where mayBegin, UInt8(ascii: "'") where mayBegin: quote = byte
        case UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "?"):
            mayBegin = true
        case UInt8(ascii: "-") where mayBegin: break
        default: mayBegin = false
        }
        return false
    }

    /// Whether `byte` lies in quotes, the closing one included.
    private mutating func passesQuoted(_ byte: UInt8) -> Bool {
        guard let open = quote else { return false }
        if byte == open, !isEscaped {
            quote = nil
            mayBegin = false
        }
        isEscaped = open == UInt8(ascii: "\"") && byte == UInt8(ascii: "\\") && !isEscaped
        return true
    }
}
