import Glibc

/// One connected TCP or UDP socket that carries ONC RPC messages; every call ends at the deadline. Blocks.
struct RPCSocket: ~Copyable {
    private let descriptor: Int32
    private let transport: RPCProbe.Transport
    private let operation: String
    private let end: ContinuousClock.Instant

    /// Throws the errno of `connect`, or `EHOSTUNREACH` for a name that does not resolve.
    static func connected(
        to host: String, port: UInt16, transport: RPCProbe.Transport, deadline: Duration, operation: String
    ) throws(NFSError) -> RPCSocket {
        var hints = addrinfo()
        hints.ai_socktype = Int32((transport == .tcp ? SOCK_STREAM : SOCK_DGRAM).rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0, let first = list else {
            throw NFSError(code: EHOSTUNREACH, operation: operation, message: "\(host) does not resolve")
        }
        defer { freeaddrinfo(first) }
        let descriptor = socket(first.pointee.ai_family, first.pointee.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw NFSError(code: errno, operation: operation, message: "") }
        let made = RPCSocket(descriptor, transport, operation, end: .now + deadline)
        made.limit(deadline)
        guard connect(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0 else {
            // A connect that SO_SNDTIMEO ended answers EINPROGRESS (socket(7)).
            throw NFSError(code: errno == EINPROGRESS ? ETIMEDOUT : errno, operation: operation, message: "")
        }
        return made
    }

    private init(
        _ descriptor: Int32, _ transport: RPCProbe.Transport, _ operation: String, end: ContinuousClock.Instant
    ) {
        self.descriptor = descriptor
        self.transport = transport
        self.operation = operation
        self.end = end
    }

    deinit { _ = Glibc.close(descriptor) }

    /// Sends one message and answers the reply's bytes. A datagram is sent again every second, as it may get lost.
    func exchange(_ message: [UInt8]) throws(NFSError) -> [UInt8] {
        switch transport {
        case .tcp:
            var mark = XDRWriter()
            mark.word(0x8000_0000 | UInt32(message.count))  // the last fragment (RFC 5531, section 11)
            try sendAll(mark.bytes + message)
            var header = XDRReader(try receive(exactly: 4))
            let length = Int((header.word() ?? 0) & 0x7FFF_FFFF)
            guard length <= 1 << 16 else {
                throw NFSError(code: EPROTO, operation: operation, message: "a reply of \(length) bytes")
            }
            return try receive(exactly: length)
        case .udp:
            while true {
                try sendAll(message)
                limit(min(.seconds(1), remaining))
                if let reply = try receiveDatagram() { return reply }
                guard remaining > .zero else { throw NFSError(code: ETIMEDOUT, operation: operation, message: "") }
            }
        }
    }

    private var remaining: Duration { ContinuousClock.now.duration(to: end) }

    private func limit(_ duration: Duration) {
        let parts = max(duration, .milliseconds(1)).components
        var time = timeval(tv_sec: Int(parts.seconds), tv_usec: Int(parts.attoseconds / 1_000_000_000_000))
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    private func sendAll(_ bytes: [UInt8]) throws(NFSError) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(descriptor, $0.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw failure() }
            sent += count
        }
    }

    private func receive(exactly count: Int) throws(NFSError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var got = 0
        while got < count {
            limit(remaining)
            let part = bytes.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress?.advanced(by: got), count - got, 0)
            }
            guard part != 0 else {
                throw NFSError(code: ECONNRESET, operation: operation, message: "the server closed the connection")
            }
            guard part > 0 else { throw failure() }
            got += part
        }
        return bytes
    }

    /// Nil when nothing came in time.
    private func receiveDatagram() throws(NFSError) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
        if count >= 0 { return Array(bytes.prefix(count)) }
        if errno == EAGAIN || errno == EINTR { return nil }
        throw failure()
    }

    private func failure() -> NFSError {
        NFSError(code: errno == EAGAIN ? ETIMEDOUT : errno, operation: operation, message: "")
    }
}
