import Foundation
import Glibc
import Synchronization

/// A real HTTP/1.1 server on a real socket whose answers a test writes: for what a well-behaved server never does, such
/// as silence. One request a connection.
package final class ScriptedServer: Sendable {
    package struct Request: Sendable {
        package let method: String
        /// Path and query as they were sent.
        package let target: String
        /// Names in lower case.
        package let headers: [String: String]
        package let body: String
    }

    package enum Reply: Sendable {
        case json(Int, String)
        case text(Int, String)
        /// Takes the request and says nothing until the client goes away or the server stops.
        case silence
        /// The head of an answer, and never its body.
        case half
        case hangUp
    }

    package enum Place: Sendable {
        case loopback
        case socket(String)
    }

    package struct Failure: Error { package let call: String, code: Int32 }

    /// 0 on a Unix socket.
    package let port: UInt16
    private let listener: Int32
    private let place: Place
    private let answer: @Sendable (Request) -> Reply
    private let state = Mutex<State>(State())

    private struct State {
        var requests: [Request] = []
        var open: Set<Int32> = []
        var isStopped = false
    }

    package init(at place: Place = .loopback, answer: @escaping @Sendable (Request) -> Reply) throws {
        self.place = place
        self.answer = answer
        switch place {
        case .loopback: (listener, port) = try Self.listenOnLoopback()
        case .socket(let path): (listener, port) = (try Self.listen(on: path), 0)
        }
        let thread = Thread { [self] in accept() }
        thread.start()
    }

    /// In the order they came.
    package var requests: [Request] { state.withLock { $0.requests } }

    /// Ends everything. A second call is harmless.
    package func stop() {
        let open = state.withLock { state -> Set<Int32>? in
            defer { state.isStopped = true }
            return state.isStopped ? nil : state.open
        }
        guard let open else { return }
        shutdown(listener, Int32(SHUT_RDWR))
        for descriptor in open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        if case .socket(let path) = place { unlink(path) }
    }

    /// Runs `body` with a server that is gone afterwards, whatever happens.
    package static func with<Result>(
        at place: Place = .loopback, answer: @escaping @Sendable (Request) -> Reply,
        _ body: (ScriptedServer) async throws -> Result
    ) async throws -> Result {
        let server = try ScriptedServer(at: place, answer: answer)
        defer { server.stop() }
        return try await body(server)
    }

    private func accept() {
        while true {
            let descriptor = Glibc.accept(listener, nil, nil)
            guard descriptor >= 0 else { break }
            let isStopped = state.withLock { state in
                state.open.insert(descriptor)
                return state.isStopped
            }
            if isStopped { shutdown(descriptor, Int32(SHUT_RDWR)) }
            let thread = Thread { [self] in
                serve(descriptor)
                _ = state.withLock { $0.open.remove(descriptor) }
                close(descriptor)
            }
            thread.start()
        }
        close(listener)
    }

    private func serve(_ descriptor: Int32) {
        guard let request = Self.read(from: descriptor) else { return }
        state.withLock { $0.requests.append(request) }
        switch answer(request) {
        case .json(let status, let body): Self.send(descriptor, status, "application/json", body)
        case .text(let status, let body): Self.send(descriptor, status, "text/plain", body)
        case .hangUp: break
        case .silence: Self.waitForEnd(of: descriptor)
        case .half:
            Self.write(descriptor, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{")
            Self.waitForEnd(of: descriptor)
        }
    }

    private static func waitForEnd(of descriptor: Int32) {
        var byte: UInt8 = 0
        while recv(descriptor, &byte, 1, 0) > 0 {}
    }

    private static func send(_ descriptor: Int32, _ status: Int, _ type: String, _ body: String) {
        let head = "HTTP/1.1 \(status) X\r\nContent-Type: \(type)\r\nConnection: close\r\n"
        let length = status == 204 ? "\r\n" : "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        write(descriptor, head + length)
    }

    private static func write(_ descriptor: Int32, _ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

extension ScriptedServer {
    /// Nil if the client went away before its request was whole.
    private static func read(from descriptor: Int32) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let range = bytes.firstRange(of: end) {
                let head = String(decoding: bytes[..<range.lowerBound], as: UTF8.self)
                let body = bytes[range.upperBound...]
                let lines = head.components(separatedBy: "\r\n")
                let headers = headers(lines.dropFirst())
                if body.count >= Int(headers["content-length"] ?? "0") ?? 0 {
                    let parts = lines[0].components(separatedBy: " ")
                    guard parts.count == 3 else { return nil }
                    return Request(
                        method: parts[0], target: parts[1], headers: headers,
                        body: String(decoding: body, as: UTF8.self))
                }
            }
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer.prefix(count)
        }
    }

    private static func headers(_ lines: ArraySlice<String>) -> [String: String] {
        var headers: [String: String] = [:]
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] =
                line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        return headers
    }

    private static func listenOnLoopback() throws -> (Int32, UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && Glibc.listen(descriptor, 64) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        guard status else { throw Failure(call: "listen", code: errno) }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    private static func listen(on path: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw Failure(call: "bind", code: ENAMETOOLONG)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
                    && Glibc.listen(descriptor, 64) == 0
            }
        }
        guard status else { throw Failure(call: "bind \(path)", code: errno) }
        return descriptor
    }
}
