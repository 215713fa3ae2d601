import StorageCore

/// Takes typed members out of a request's JSON object. Every refusal is an `invalidArgument` that names the key's path
/// (`clients[1].access`), what was found and what is allowed. A key that nobody knows is refused, so that a slip of the
/// pen is not taken for a wish that was not made.
struct RequestReader {
    private let path: String
    private let members: [JSONValue.Member]

    /// The whole body; `allowed` are all the keys it may have.
    init(body: [UInt8], allowed: [String]) throws(StorageError) {
        try self.init(try JSONParser.parse(body), path: "", allowed: allowed)
    }

    private init(_ value: JSONValue, path: String, allowed: [String]) throws(StorageError) {
        guard case .object(let members) = value else {
            let subject = path.isEmpty ? "the request" : path
            throw StorageError(.invalidArgument, "\(subject) is \(value.shown); send an object")
        }
        self.path = path
        self.members = members
        for member in members where !allowed.contains(member.key) {
            throw StorageError(
                .invalidArgument,
                "\(self.path(of: nil))has the unknown key \(quoted(member.key)); known are "
                    + allowed.joined(separator: ", "))
        }
    }

    func has(_ key: String) -> Bool { self[key] != nil }

    func string(_ key: String) throws(StorageError) -> String? {
        guard let value = self[key] else { return nil }
        guard case .string(let text) = value else { throw mismatch(key, value, "a string") }
        return text
    }

    /// A whole number of 64 bits, written without a fraction and without an exponent.
    func integer(_ key: String) throws(StorageError) -> Int64? {
        guard let value = self[key] else { return nil }
        guard case .number(let digits) = value else { throw mismatch(key, value, "a whole number") }
        guard let number = Int64(digits) else {
            throw mismatch(key, value, "a whole number up to \(Int64.max), without fraction and exponent")
        }
        return number
    }

    func boolean(_ key: String) throws(StorageError) -> Bool? {
        guard let value = self[key] else { return nil }
        guard case .bool(let truth) = value else { throw mismatch(key, value, "true or false") }
        return truth
    }

    /// A value made from text by a type of the domain, whose own message is kept.
    func value<Value>(
        _ key: String, _ make: (String) throws(StorageError) -> Value
    ) throws(StorageError) -> Value? {
        guard let text = try string(key) else { return nil }
        do {
            return try make(text)
        } catch {
            throw StorageError(error.code, "\(path(of: key)): \(error.message)")
        }
    }

    func choice<Value: RawRepresentable & CaseIterable>(
        _ key: String, of type: Value.Type
    ) throws(StorageError) -> Value? where Value.RawValue == String {
        guard let value = self[key] else { return nil }
        let allowed = Value.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        guard case .string(let text) = value, let choice = Value(rawValue: text) else {
            throw mismatch(key, value, "one of \(allowed)")
        }
        return choice
    }

    func object(_ key: String, allowed: [String]) throws(StorageError) -> RequestReader? {
        guard let value = self[key] else { return nil }
        return try RequestReader(value, path: path(of: key), allowed: allowed)
    }

    func objects(_ key: String, allowed: [String]) throws(StorageError) -> [RequestReader]? {
        guard let value = self[key] else { return nil }
        guard case .array(let elements) = value else { throw mismatch(key, value, "a list of objects") }
        var readers: [RequestReader] = []
        for (index, element) in elements.enumerated() {
            readers.append(try RequestReader(element, path: "\(path(of: key))[\(index)]", allowed: allowed))
        }
        return readers
    }

    /// What `read` found, or a refusal that says what is missing.
    func required<Value>(_ key: String, _ value: Value?, _ allowed: String) throws(StorageError) -> Value {
        guard let value else { throw StorageError(.invalidArgument, "\(path(of: key)) is missing; send \(allowed)") }
        return value
    }

    func refusal(_ key: String, _ flaw: String) -> StorageError {
        StorageError(.invalidArgument, "\(path(of: key)) \(flaw)")
    }

    private subscript(key: String) -> JSONValue? { members.first { $0.key == key }?.value }

    private func path(of key: String?) -> String {
        guard let key else { return path.isEmpty ? "the request " : "\(path) " }
        return path.isEmpty ? key : "\(path).\(key)"
    }

    private func mismatch(_ key: String, _ value: JSONValue, _ allowed: String) -> StorageError {
        StorageError(.invalidArgument, "\(path(of: key)) is \(value.shown); send \(allowed)")
    }
}
