import HostTools

/// What rpcbind(8) of this host knows, asked over its local socket (RFC 1833, RPCBPROC_DUMP of version 4). Needs no
/// privileges. An answer is waited for three seconds at most.
struct PortMapper: Sendable {
    struct Registration: Hashable, Sendable, Codable {
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

        /// Whether `other` leads a client to the same port.
        func isServed(by other: Registration) -> Bool {
            (program, version, network, port) == (other.program, other.version, other.network, other.port)
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
        let answer = try? await work.run("rpcbind", deadline: .seconds(3)) { _ in
            call(4).flatMap(parse)
        }
        return answer.flatMap { $0 }
    }

    /// Registers a service again that an rpcbind knew which has ended (RPCBPROC_SET). Needs root. What is registered
    /// already stays as it is.
    func register(_ registration: Registration) async {
        let work = BlockingWork(label: "convert2nfs.rpcbind")
        let arguments =
            RPCCall.encoded([registration.program, registration.version]) + RPCCall.encoded(registration.network)
            + RPCCall.encoded(registration.address) + RPCCall.encoded("superuser")
        _ = try? await work.run("rpcbind", deadline: .seconds(3)) { _ in call(1, arguments) != nil }
    }

    /// The TCP ports at which somebody is registered for the program and accepts connections; one that was killed leaves
    /// its registration behind.
    func ports(of program: UInt32) async -> Set<UInt16> { await ports(of: program, among: registrations() ?? []) }

    func ports(of program: UInt32, among known: [Registration]) async -> Set<UInt16> {
        let registered = known.filter { $0.program == program && $0.network == "tcp" }
        var ports: Set<UInt16> = []
        for port in Set(registered.compactMap(\.port)) where await LoopbackPort(port).isListening() {
            ports.insert(port)
        }
        return ports
    }

    /// Whether some server other than rpcbind and statd is registered and still accepts connections; one that was
    /// killed leaves its registration behind.
    func isInUse() async -> Bool {
        let others = (await registrations() ?? []).filter {
            $0.program != Self.ownProgram && $0.program != Self.statusMonitor && $0.network.hasPrefix("tcp")
        }
        for port in Set(others.compactMap(\.port)) where await LoopbackPort(port).isListening() { return true }
        return false
    }

    /// One call of version 4; blocks.
    private func call(_ procedure: UInt32, _ arguments: [UInt8] = []) -> [UInt8]? {
        RPCCall(program: Self.ownProgram, version: 4, procedure: procedure, arguments: arguments)
            .reply(from: .socket(socketPath), limit: .seconds(2))
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
