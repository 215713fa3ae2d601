import Glibc
import HostTools

/// What rpcbind(8) of this host knows, asked over its local socket (RFC 1833, RPCBPROC_DUMP of version 4). Needs no
/// privileges. Blocks for two seconds at most.
struct PortMapper: Sendable {
    struct Registration: Hashable, Sendable {
        let program: UInt32
        let version: UInt32
        /// `tcp`, `udp6`, `local`, ...
        let network: String
        /// A universal address: `0.0.0.0.8.1` is port 8 * 256 + 1.
        let address: String

        init(program: UInt32, version: UInt32, network: String, address: String) {
            self.program = program
            self.version = version
            self.network = network
            self.address = address
        }

        /// At every address of the host.
        init(program: UInt32, version: UInt32, network: String, port: UInt16) {
            let anywhere = network.hasSuffix("6") ? "::" : "0.0.0.0"
            self.init(
                program: program, version: version, network: network, address: "\(anywhere).\(port >> 8).\(port & 255)")
        }

        var port: UInt16? {
            let parts = address.split(separator: ".").suffix(2).compactMap { UInt8($0) }
            return network == "local" || parts.count < 2 ? nil : UInt16(parts[0]) << 8 | UInt16(parts[1])
        }
    }

    static let ownProgram: UInt32 = 100_000
    static let statusMonitor: UInt32 = 100_024

    let socketPath: String

    init(socketPath: String = "/run/rpcbind.sock") { self.socketPath = socketPath }

    /// Nil if no rpcbind answers.
    func registrations() async -> [Registration]? {
        let work = BlockingWork(label: "convert2nfs.rpcbind")
        let path = socketPath
        let answer = try? await work.run("rpcbind", deadline: .seconds(3)) { _ in
            call(path, procedure: 4, arguments: []).flatMap(parse)
        }
        return answer.flatMap { $0 }
    }

    /// Registers a service again that an rpcbind knew which has ended (RPCBPROC_SET). Needs root. What is registered
    /// already stays as it is.
    func register(_ registration: Registration) async {
        let work = BlockingWork(label: "convert2nfs.rpcbind")
        let path = socketPath
        let arguments =
            encoded([registration.program, registration.version]) + encoded(registration.network)
            + encoded(registration.address) + encoded("superuser")
        _ = try? await work.run("rpcbind", deadline: .seconds(3)) { _ in
            call(path, procedure: 1, arguments: arguments) != nil
        }
    }

    /// Whether some server other than rpcbind and statd is registered and still accepts connections; one that was
    /// killed leaves its registration behind.
    func isInUse() async -> Bool {
        let others = (await registrations() ?? []).filter {
            $0.program != Self.ownProgram && $0.program != Self.statusMonitor && $0.network.hasPrefix("tcp")
        }
        return Set(others.compactMap(\.port)).contains { LoopbackPort($0).isListening() }
    }
}

/// A TCP port of this host.
struct LoopbackPort {
    let number: UInt16

    init(_ number: UInt16) { self.number = number }

    /// Whether somebody accepts connections to it at 127.0.0.1; the loopback answers at once.
    func isListening() -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = number.bigEndian
        address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        return withSocketAddress(&address) { connect(descriptor, $0, $1) } == 0
    }
}

private func withSocketAddress<Address, Result>(
    _ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<Address>.size)) }
    }
}

/// One call of version 4; answers the whole reply, nil if there is none.
private func call(_ path: String, procedure: UInt32, arguments: [UInt8]) -> [UInt8]? {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var limit = timeval(tv_sec: 2, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    guard withSocketAddress(&address, { connect(descriptor, $0, $1) }) == 0 else { return nil }
    // Record mark, then: transaction, call, RPC version, program, version, procedure, no credential, no verifier.
    let mark = 0x8000_0000 | UInt32(40 + arguments.count)
    let message = encoded([mark, 1, 0, 2, PortMapper.ownProgram, 4, procedure, 0, 0, 0, 0]) + arguments
    guard send(descriptor, message, message.count, Int32(MSG_NOSIGNAL)) == message.count else { return nil }
    return reply(from: descriptor)
}

private func encoded(_ words: [UInt32]) -> [UInt8] {
    words.flatMap { word in withUnsafeBytes(of: word.bigEndian) { Array($0) } }
}

private func encoded(_ text: String) -> [UInt8] {
    let bytes = Array(text.utf8)
    return encoded([UInt32(bytes.count)]) + bytes + [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
}

/// One record of any number of fragments (RFC 5531, section 11).
private func reply(from descriptor: Int32) -> [UInt8]? {
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
    var record: [UInt8] = []
    while true {
        guard let mark = receive(4)?.reduce(0, { $0 << 8 | UInt32($1) }),
            record.count + Int(mark & 0x7FFF_FFFF) <= 1 << 20, let fragment = receive(Int(mark & 0x7FFF_FFFF))
        else { return nil }
        record += fragment
        if mark & 0x8000_0000 != 0 { return record }
    }
}

private func parse(_ reply: [UInt8]) -> [PortMapper.Registration]? {
    var rest = reply[...]
    func word() -> UInt32? {
        guard rest.count >= 4 else { return nil }
        defer { rest = rest.dropFirst(4) }
        return rest.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }
    func text() -> String? {
        guard let count = word(), rest.count >= Int(count) else { return nil }
        defer { rest = rest.dropFirst((Int(count) + 3) / 4 * 4) }
        return String(decoding: rest.prefix(Int(count)), as: UTF8.self)
    }
    // Transaction, reply, accepted, verifier (none), success.
    guard word() == 1, word() == 1, word() == 0, word() != nil, word() == 0, word() == 0 else { return nil }
    var list: [PortMapper.Registration] = []
    while let more = word(), more == 1 {
        guard let program = word(), let version = word(), let network = text(), let address = text(), text() != nil
        else { return nil }
        list.append(.init(program: program, version: version, network: network, address: address))
    }
    return list
}
