import HostTools

/// A TCP port of this host, asked at 127.0.0.1.
struct LoopbackPort: Sendable {
    let number: UInt16
    private let work = BlockingWork(label: "loopback")

    init(_ number: UInt16) { self.number = number }

    /// Whether somebody accepts connections to it. The loopback answers at once, unless whoever listens hangs: two
    /// seconds at most.
    func isListening() async -> Bool {
        let listens = try? await work.run("port \(number)", deadline: .seconds(2)) { [number] _ in
            StreamSocket(to: .port(number), limit: .seconds(2)) != nil
        }
        return listens == true
    }

    /// Whether an RPC program there answers a call that does nothing (procedure 0, RFC 5531 section 12.1) within
    /// `limit`.
    func answers(program: UInt32, version: UInt32, within limit: Duration) async -> Bool {
        let answer = try? await work.run("RPC at port \(number)", deadline: limit) { [number] _ in
            RPCCall(program: program, version: version, procedure: 0).reply(from: .port(number), limit: limit) != nil
        }
        return answer == true
    }
}
