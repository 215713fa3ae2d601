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
        do {
            return Array(try await request.body.collect(upTo: limit).readableBytesView)
        } catch let error as any HTTPResponseError {
            throw error
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            // Whatever else ends a body is the caller's: it hung up, or what it sent is not HTTP (RFC 9112, section 8).
            throw StorageError(
                .invalidArgument, "the body ended before its length, or its chunks are malformed; send it again")
        }
    }
}
