/// What the lab and the agent in a machine say to each other over one TCP connection: one connection is one call. The
/// lab sends `run`, then `input` and `inputEnd`; the agent answers with `output` and `error` in any order and ends with
/// exactly one of `exited`, `signalled` and `refused`. A lab that closes the connection before that kills what it ran.
///
/// On the wire a frame is its kind in one byte, the length of its payload in four, most significant first, and the
/// payload.
package enum Frame: Hashable, Sendable {
    /// `arguments[0]` is the absolute path of the program; `environment` is the whole one, `NAME=value` each.
    case run(arguments: [String], environment: [String])
    case input([UInt8])
    case inputEnd
    case output([UInt8])
    case error([UInt8])
    case exited(Int32)
    case signalled(Int32)
    /// It could not be started: the error number of the system call.
    case refused(Int32)

    /// The longest payload; whoever has more sends more frames.
    package static let limit = 1 << 20
}

/// The other side says what no frame is. The connection is of no use after it.
package struct FrameError: Error, Hashable, Sendable {
    package let text: String

    package init(text: String) { self.text = text }
}

extension Frame {
    package var encoded: [UInt8] {
        switch self {
        case .run(let arguments, let environment): Self.encode(1, Self.encode(arguments) + Self.encode(environment))
        case .input(let bytes): Self.encode(2, bytes)
        case .inputEnd: Self.encode(3, [])
        case .output(let bytes): Self.encode(4, bytes)
        case .error(let bytes): Self.encode(5, bytes)
        case .exited(let status): Self.encode(6, UInt32(bitPattern: status).bytes)
        case .signalled(let number): Self.encode(7, UInt32(bitPattern: number).bytes)
        case .refused(let number): Self.encode(8, UInt32(bitPattern: number).bytes)
        }
    }

    private static func encode(_ kind: UInt8, _ payload: [UInt8]) -> [UInt8] {
        precondition(payload.count <= limit, "a frame of \(payload.count) bytes")
        return [kind] + UInt32(payload.count).bytes + payload
    }

    /// A count, then each with its length before it: any byte may be in them.
    private static func encode(_ words: [String]) -> [UInt8] {
        words.reduce(UInt32(words.count).bytes) { $0 + UInt32($1.utf8.count).bytes + Array($1.utf8) }
    }

    init(kind: UInt8, payload: ArraySlice<UInt8>) throws(FrameError) {
        var rest = payload
        switch kind {
        case 1: self = .run(arguments: try rest.takeWords(), environment: try rest.takeWords())
        case 2: self = .input(Array(rest))
        case 3: self = .inputEnd
        case 4: self = .output(Array(rest))
        case 5: self = .error(Array(rest))
        case 6: self = .exited(Int32(bitPattern: try rest.takeNumber()))
        case 7: self = .signalled(Int32(bitPattern: try rest.takeNumber()))
        case 8: self = .refused(Int32(bitPattern: try rest.takeNumber()))
        default: throw FrameError(text: "no frame is of kind \(kind)")
        }
        switch self {
        case .input, .output, .error: break
        default: guard rest.isEmpty else { throw FrameError(text: "a frame of kind \(kind) is too long") }
        }
    }
}

extension UInt32 {
    fileprivate var bytes: [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: self >> $0) } }
}

extension ArraySlice<UInt8> {
    mutating func takeNumber() throws(FrameError) -> UInt32 {
        try take(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    fileprivate mutating func takeWords() throws(FrameError) -> [String] {
        let count = try takeNumber()
        var words: [String] = []
        for _ in 0..<count { words.append(String(decoding: try take(Int(try takeNumber())), as: UTF8.self)) }
        return words
    }

    private mutating func take(_ count: Int) throws(FrameError) -> ArraySlice<UInt8> {
        guard count <= self.count else { throw FrameError(text: "a frame ends too early") }
        defer { self = dropFirst(count) }
        return prefix(count)
    }
}
