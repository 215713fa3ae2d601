import Glibc

/// Tells the service manager that started this program what becomes of it (sd_notify(3)): datagrams to the socket that it
/// named. Without a service manager nothing is told. One that does not listen is no reason to do anything else.
package struct ServiceNotifier: Sendable {
    /// A path, or `@` and an abstract name (unix(7)).
    private let socket: String?

    package init(socket: String?) { self.socket = socket }

    /// As this program was started.
    package static var ofThisProcess: ServiceNotifier {
        ServiceNotifier(socket: getenv("NOTIFY_SOCKET").map { String(cString: $0) })
    }

    /// Whether a service manager has started it and listens.
    package var isHeard: Bool { socket?.isEmpty == false }

    /// The program has started: what waits for it may start too.
    package func ready(status: String) { tell(["READY=1", Self.line(status)]) }

    /// What an operator is told that asks for the unit's status.
    package func status(_ text: String) { tell([Self.line(text)]) }

    /// The program is about to end.
    package func stopping() { tell(["STOPPING=1"]) }

    private static func line(_ status: String) -> String {
        "STATUS=" + status.split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    private func tell(_ lines: [String]) {
        guard let socket, !socket.isEmpty else { return }
        let descriptor = Descriptor(
            adopting: Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0))
        guard descriptor.raw >= 0, let (name, length) = Self.address(socket) else { return }
        // Its buffer is full while it does something else; one that is stuck is not waited for.
        var limit = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(descriptor.raw, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let message = Array(lines.joined(separator: "\n").utf8)
        withUnsafePointer(to: name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(descriptor.raw, message, message.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
    }

    /// Nil if the name is too long.
    private static func address(_ name: String) -> (sockaddr_un, socklen_t)? {
        var bytes = Array(name.utf8)
        if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return (address, socklen_t(MemoryLayout<sa_family_t>.size + bytes.count))
    }
}
