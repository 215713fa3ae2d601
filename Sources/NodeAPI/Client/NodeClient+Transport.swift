import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import StorageCore

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

extension NodeClient {
    enum Method: String {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    struct Answer: Sendable {
        let status: Int
        let body: Data
    }

    /// More than any document has; a server that sends more is not ours.
    private static let bodyLimit = 64 << 20

    /// One request and its whole answer, within `timeout`; any status but 2xx is thrown.
    func send(_ method: Method, _ path: String, body: Data? = nil) async throws(StorageError) -> Answer {
        var request = HTTPClientRequest(url: server.url(of: path))
        request.method = .RAW(value: method.rawValue)
        request.headers.add(name: "Accept", value: "\(WireCoder.mediaType), \(WireCoder.problemMediaType), */*;q=0.1")
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if let body {
            request.headers.add(name: "Content-Type", value: WireCoder.mediaType)
            request.body = .bytes(body)
        }
        let answer: Answer
        do {
            answer = try await withDeadline(timeout) { [http, request] in
                let response = try await http.execute(request, deadline: .distantFuture)
                let buffer = try await response.body.collect(upTo: Self.bodyLimit)
                return Answer(status: Int(response.status.code), body: Data(buffer.readableBytesView))
            }
        } catch {
            throw unreachable(error)
        }
        guard (200..<300).contains(answer.status) else { throw problem(in: answer) }
        return answer
    }

    private func problem(in answer: Answer) -> StorageError {
        if let problem = try? coder.decode(ProblemDocument.self, from: answer.body) { return StorageError(problem) }
        return StorageError(
            StorageError.Code(httpStatus: answer.status),
            "\(server) answered with HTTP status \(answer.status) and no problem document; is it convert2nfsd?")
    }

    private func unreachable(_ error: any Error) -> StorageError {
        if error is CancellationError || Task.isCancelled { return StorageError(.cancelled, "the call was cancelled") }
        if let error = error as? HTTPClientError,
            [.deadlineExceeded, .readTimeout, .connectTimeout, .getConnectionFromPoolTimeout].contains(error)
        {
            return StorageError(
                .unavailable,
                "\(server) did not answer within \(timeout.formattedSeconds); "
                    + "look at the daemon's log, or allow more time with --timeout",
                cause: error)
        }
        switch (server, (error as? IOError)?.errnoCode) {
        case (.socket(let path), EACCES?):
            return StorageError(
                .permissionDenied,
                "\(path) may not be opened by this user; run as root, or name a server and a token file", cause: error)
        case (.socket(let path), ENOENT?):
            return StorageError(
                .unavailable,
                "there is no socket \(path); is convert2nfsd running here? If it runs elsewhere, use --server",
                cause: error)
        default:
            return StorageError(
                .unavailable, "\(server) cannot be reached; is convert2nfsd running there, and is the address right?",
                cause: error)
        }
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .seconds(seconds) + .nanoseconds(attoseconds / 1_000_000_000)
    }
}

extension Duration {
    var formattedSeconds: String {
        let seconds = Double(components.seconds) + Double(components.attoseconds) / 1e18
        return seconds == seconds.rounded() ? "\(Int64(seconds)) s" : "\(seconds) s"
    }
}
