import Dispatch
import Glibc
import StorageCore

/// A client that sends what it is told, byte for byte, over a Unix socket.
final class RawConnection: Sendable {
    private let descriptor: Int32
    private static let queue = DispatchQueue(label: "raw connections", attributes: .concurrent)

    /// Throws `unavailable` if nobody listens there.
    init(_ path: String) throws(StorageError) {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8) + [0]
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let descriptor = descriptor
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        // Not closed here: everything is set, so the deinit runs, and a second close could hit somebody else's.
        guard status == 0 else { throw StorageError(.unavailable, "nobody listens on \(path)") }
    }

    deinit { close(descriptor) }

    enum Ending { case closed, silent }

    /// Sends all of `bytes` and says with `ends` that nothing more comes; then what the other side says until it closes,
    /// or is silent for `patience` seconds.
    func exchange(
        _ bytes: [UInt8], ends: Bool = false, patience: Double = 10
    ) async -> (text: String, ending: Ending) {
        await withCheckedContinuation { continuation in
            Self.queue.async { [self] in
                send(bytes, patience)
                if ends { shutdown(descriptor, Int32(SHUT_WR)) }
                continuation.resume(returning: listen(patience))
            }
        }
    }

    /// Until the other side closes, or takes nothing for `patience` seconds: after a refusal it need not read the rest.
    private func send(_ bytes: [UInt8], _ patience: Double) {
        let whole = patience.rounded(.down)
        var limit = timeval(tv_sec: Int(whole), tv_usec: Int((patience - whole) * 1_000_000))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    private func listen(_ patience: Double) -> (text: String, ending: Ending) {
        var heard: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard Glibc.poll(&poll, 1, Int32(patience * 1000)) > 0 else { return (text(heard), .silent) }
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return (text(heard), .closed) }
            heard += buffer[..<count]
        }
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
