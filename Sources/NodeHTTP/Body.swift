import HTTPTypes
import Hummingbird
import NIOCore
import StorageCore

/// A request's body, whole and bounded.
enum Body {
    /// 1,024 clients fit well.
    static let limit = 256 * 1024

    /// Throws `invalidArgument` unless it says it is JSON: a page in a browser can send other types to a loopback
    /// address without being asked whether it may (the Fetch standard's "simple" requests).
    static func json(_ request: Request) async throws -> [UInt8] {
        let type = request.headers[.contentType]?.split(separator: ";").first?.lowercased().filter { $0 != " " }
        guard type == "application/json" else {
            throw StorageError(
                .invalidArgument, "the body must be JSON, with the header \"Content-Type: application/json\"")
        }
        let buffer = try await request.body.collect(upTo: limit)
        return Array(buffer.readableBytesView)
    }
}
