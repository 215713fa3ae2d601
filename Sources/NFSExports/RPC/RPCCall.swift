/// One call of a remote procedure of a service of this host, over a stream and without a credential (RFC 5531).
struct RPCCall: Sendable {
    let program: UInt32
    let version: UInt32
    let procedure: UInt32
    var arguments: [UInt8] = []

    /// The whole reply; nil if none comes. Blocks: connecting, sending and each part of the reply may take `limit`.
    func reply(from service: LocalService, limit: Duration) -> [UInt8]? {
        guard let stream = StreamSocket(to: service, limit: limit) else { return nil }
        // Record mark, then: transaction, call, RPC version, program, version, procedure, no credential, no verifier.
        let mark = 0x8000_0000 | UInt32(40 + arguments.count)
        let message = Self.encoded([mark, 1, 0, 2, program, version, procedure, 0, 0, 0, 0]) + arguments
        guard stream.send(message) else { return nil }
        return Self.record(from: stream)
    }

    static func encoded(_ words: [UInt32]) -> [UInt8] {
        words.flatMap { word in withUnsafeBytes(of: word.bigEndian) { Array($0) } }
    }

    static func encoded(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        return encoded([UInt32(bytes.count)]) + bytes + [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
    }

    /// One record of any number of fragments (RFC 5531, section 11).
    private static func record(from stream: StreamSocket) -> [UInt8]? {
        var record: [UInt8] = []
        while true {
            guard let mark = stream.receive(4)?.reduce(0, { $0 << 8 | UInt32($1) }),
                record.count + Int(mark & 0x7FFF_FFFF) <= 1 << 20,
                let fragment = stream.receive(Int(mark & 0x7FFF_FFFF))
            else { return nil }
            record += fragment
            if mark & 0x8000_0000 != 0 { return record }
        }
    }
}
