/// XDR (RFC 4506) as far as RPC headers and EXCHANGE_ID need it: big-endian words, opaques padded to four bytes.
struct XDRWriter {
    private(set) var bytes: [UInt8] = []

    mutating func word(_ value: UInt32) {
        withUnsafeBytes(of: value.bigEndian) { bytes += $0 }
    }

    /// Fixed length: the bytes and the padding, no count.
    mutating func fixed(_ value: [UInt8]) {
        bytes += value
        bytes += [UInt8](repeating: 0, count: (4 - value.count % 4) % 4)
    }

    mutating func opaque(_ value: [UInt8]) {
        word(UInt32(value.count))
        fixed(value)
    }
}

/// Reads what `XDRWriter` writes. Nil at the end of the bytes, never a trap: they come from the network.
struct XDRReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func word() -> UInt32? {
        guard position + 4 <= bytes.count else { return nil }
        defer { position += 4 }
        return bytes[position..<position + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    mutating func hyper() -> UInt64? {
        guard let high = word(), let low = word() else { return nil }
        return UInt64(high) << 32 | UInt64(low)
    }

    mutating func opaque() -> [UInt8]? {
        guard let count = word(), Int(count) <= bytes.count - position else { return nil }
        let value = Array(bytes[position..<position + Int(count)])
        position = min(bytes.count, position + (Int(count) + 3) / 4 * 4)
        return value
    }
}
