import StorageCore

/// Reads one JSON text strictly (RFC 8259): UTF-8, nothing before or after the value, no key twice in an object, at
/// most `depthLimit` values within each other. Takes time and memory in proportion to the input.
package struct JSONParser {
    static let depthLimit = 16

    private let bytes: [UInt8]
    private var index = 0

    /// Throws `invalidArgument` that says what is wrong at which byte, counted from 1.
    package static func parse(_ bytes: [UInt8]) throws(StorageError) -> JSONValue {
        var parser = JSONParser(bytes: bytes)
        parser.skipSpace()
        guard parser.index < bytes.count else {
            throw StorageError(.invalidArgument, "the request has no body; send a JSON object")
        }
        let value = try parser.value(depth: 1)
        parser.skipSpace()
        guard parser.index == bytes.count else { throw parser.refusal("more follows after the value") }
        return value
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func value(depth: Int) throws(StorageError) -> JSONValue {
        guard depth <= Self.depthLimit else { throw refusal("it is nested deeper than \(Self.depthLimit) levels") }
        switch peek {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"): return .number(try number())
        case let byte? where (0x30...0x39).contains(byte): return .number(try number())
        case nil: throw refusal("it ends where a value should be")
        default: throw refusal("a value should be here")
        }
    }

    private mutating func object(depth: Int) throws(StorageError) -> JSONValue {
        index += 1
        var members: [JSONValue.Member] = []
        var keys: Set<String> = []
        skipSpace()
        if take("}") { return .object([]) }
        repeat {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw refusal("a key in quotes should be here") }
            let key = try string()
            guard keys.insert(key).inserted else {
                throw refusal("the key \(quoted(key)) is there twice; name it once")
            }
            skipSpace()
            guard take(":") else { throw refusal("a ':' should be here") }
            skipSpace()
            members.append(.init(key: key, value: try value(depth: depth + 1)))
            skipSpace()
        } while take(",")
        guard take("}") else { throw refusal("a ',' or '}' should be here") }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(StorageError) -> JSONValue {
        index += 1
        var elements: [JSONValue] = []
        skipSpace()
        if take("]") { return .array([]) }
        repeat {
            skipSpace()
            elements.append(try value(depth: depth + 1))
            skipSpace()
        } while take(",")
        guard take("]") else { throw refusal("a ',' or ']' should be here") }
        return .array(elements)
    }

    private mutating func word(_ text: String, _ value: JSONValue) throws(StorageError) -> JSONValue {
        guard bytes[index...].starts(with: text.utf8) else { throw refusal("a value should be here") }
        index += text.utf8.count
        return value
    }

    private mutating func number() throws(StorageError) -> String {
        let start = index
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func digits() throws(StorageError) {
        let start = index
        while let byte = peek, (0x30...0x39).contains(byte) { index += 1 }
        guard index > start else { throw refusal("a digit should be here") }
    }

    private mutating func string() throws(StorageError) -> String {
        index += 1
        var content: [UInt8] = []
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw refusal("the string that ends here is not UTF-8")
                }
                return text
            case UInt8(ascii: "\\"):
                index += 1
                content.append(contentsOf: try escape())
            case 0..<0x20: throw refusal("a control character in a string must be escaped")
            default:
                content.append(byte)
                index += 1
            }
        }
        throw refusal("it ends within a string")
    }

    private mutating func escape() throws(StorageError) -> [UInt8] {
        guard let byte = peek else { throw refusal("it ends within a string") }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return Array(String(Character(try scalar())).utf8)
        default: throw refusal("this escape is not one of JSON's")
        }
    }

    /// After `\u`; two units where the first is a high surrogate (RFC 8259, section 7).
    private mutating func scalar() throws(StorageError) -> UnicodeScalar {
        let first = try unit()
        guard (0xD800..<0xDC00).contains(first) else {
            guard let scalar = UnicodeScalar(first) else { throw refusal("half a surrogate pair is not a character") }
            return scalar
        }
        guard take("\\"), take("u") else { throw refusal("half a surrogate pair is not a character") }
        let second = try unit()
        guard (0xDC00..<0xE000).contains(second),
            let scalar = UnicodeScalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw refusal("half a surrogate pair is not a character") }
        return scalar
    }

    private mutating func unit() throws(StorageError) -> UInt32 {
        let digits = bytes[index...].prefix(4)
        guard digits.count == 4, digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
            let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw refusal("four hexadecimal digits should be here") }
        index += 4
        return value
    }

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func take(_ character: UnicodeScalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }

    private func refusal(_ flaw: String) -> StorageError {
        StorageError(.invalidArgument, "the request is not valid JSON: at byte \(index + 1), \(flaw)")
    }
}
