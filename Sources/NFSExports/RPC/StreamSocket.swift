import Glibc

/// Where a service of this host listens.
enum LocalService: Sendable {
    /// A Unix socket.
    case socket(String)
    /// A TCP port, at 127.0.0.1.
    case port(UInt16)
}

/// A connection to a service of this host. Blocks: connecting, and each transfer, for `limit` at most.
final class StreamSocket {
    private let descriptor: Int32

    /// Nil if nobody accepts it in time.
    init?(to service: LocalService, limit: Duration) {
        let family = if case .socket = service { AF_UNIX } else { AF_INET }
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        self.descriptor = descriptor
        let (seconds, attoseconds) = limit.components
        var limit = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        // SO_SNDTIMEO holds for connect(2) too (socket(7)): a server that hangs accepts nobody, and once its queue is
        // full nobody gets an answer.
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        guard Self.connect(descriptor, to: service) else { return nil }
    }

    deinit { close(descriptor) }

    /// False if it could not be sent whole.
    func send(_ bytes: [UInt8]) -> Bool {
        Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    /// Exactly so many bytes; nil if they do not come.
    func receive(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var got = 0
        while got < count {
            let part = bytes.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress?.advanced(by: got), count - got, 0)
            }
            if part <= 0 { return nil }
            got += part
        }
        return bytes
    }

    private static func connect(_ descriptor: Int32, to service: LocalService) -> Bool {
        switch service {
        case .socket(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
            return connect(descriptor, to: &address)
        case .port(let number):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = number.bigEndian
            address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
            return connect(descriptor, to: &address)
        }
    }

    private static func connect<Address>(_ descriptor: Int32, to address: inout Address) -> Bool {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<Address>.size))
            }
        } == 0
    }
}
