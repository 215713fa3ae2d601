import Glibc
import HostTools
import TestSupport
import Testing

@Suite("What the service manager is told", .tags(.integration))
struct ServiceNotifierTests {
    /// A service manager's end: the next datagram, nil if there is none.
    private func receive(_ descriptor: Int32) -> String? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    private func listener(_ name: String) throws -> Int32 {
        var bytes = Array(name.utf8)
        if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        try #require(descriptor >= 0)
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) == 0 }
        }
        try #require(isBound)
        return descriptor
    }

    @Test("each message comes as one datagram, to a path and to an abstract name", arguments: [true, false])
    func messages(_ isAbstract: Bool) async throws {
        try await withScratchDirectory { directory in
            let name = isAbstract ? "@\(directory)/notify" : "\(directory)/notify"
            let manager = try listener(name)
            defer { close(manager) }
            let notifier = ServiceNotifier(socket: name)
            notifier.status("starting:\nthe pool waits")
            notifier.ready(status: "well")
            notifier.stopping()
            #expect(receive(manager) == "STATUS=starting: the pool waits")
            #expect(receive(manager) == "READY=1\nSTATUS=well")
            #expect(receive(manager) == "STOPPING=1")
            #expect(receive(manager) == nil)
        }
    }

    @Test(
        "a service manager that is not there, or does not listen, holds nothing up",
        arguments: [nil, "", "/nonexistent/notify", String(repeating: "x", count: 200)])
    func nobody(_ socket: String?) {
        ServiceNotifier(socket: socket).ready(status: "well")
    }
}
