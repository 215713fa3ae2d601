import Hummingbird
import StorageCore

/// A request's query, strictly: what is not known, or comes twice, is refused.
struct Query {
    private let values: [String: String]

    init(_ request: Request, allowed: [String]) throws(StorageError) {
        var values: [String: String] = [:]
        for (key, value) in request.uri.queryParameters {
            guard allowed.contains(String(key)) else {
                let known = allowed.isEmpty ? "none is allowed here" : "allowed: \(allowed.joined(separator: ", "))"
                throw StorageError(.invalidArgument, "the query parameter \"\(key.prefix(64))\" is not known; \(known)")
            }
            guard values.updateValue(String(value), forKey: String(key)) == nil else {
                throw StorageError(.invalidArgument, "the query parameter \(key) comes twice")
            }
        }
        self.values = values
    }

    /// Refuses any query.
    static func none(_ request: Request) throws(StorageError) { _ = try Query(request, allowed: []) }

    subscript(key: String) -> String? { values[key] }

    /// False where it is not given.
    func flag(_ key: String) throws(StorageError) -> Bool {
        guard let text = values[key] else { return false }
        guard let flag = Bool(text) else {
            throw StorageError(.invalidArgument, "\(key)=\(text.prefix(40)) is neither true nor false")
        }
        return flag
    }

    /// A number in `range`, or `standard` where it is not given.
    func number(_ key: String, in range: ClosedRange<Int>, standard: Int) throws(StorageError) -> Int {
        guard let text = values[key] else { return standard }
        guard let number = Int(text), range.contains(number) else {
            throw StorageError(
                .invalidArgument,
                "\(key)=\(text.prefix(40)) is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
