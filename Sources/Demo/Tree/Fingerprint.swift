/// FNV-1a of 64 bits, taken over words of eight bytes (the rest byte by byte) so that it keeps up with a network. It
/// tells accidents apart, not attacks; what matters is compared byte by byte beside it.
struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
    private static let prime: UInt64 = 0x100_0000_01b3
    private var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { buffer in
            var hash = value
            let whole = buffer.count & ~7
            var offset = 0
            while offset < whole {
                let word = buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                hash = (hash ^ word.littleEndian) &* Self.prime
                offset += 8
            }
            while offset < buffer.count {
                hash = (hash ^ UInt64(buffer[offset])) &* Self.prime
                offset += 1
            }
            value = hash
        }
        add(UInt64(bytes.count))
    }

    mutating func add(_ text: String) { add(Array(text.utf8)) }

    mutating func add(_ number: UInt64) { value = (value ^ number) &* Self.prime }

    mutating func add(_ other: Fingerprint) { add(other.value) }

    var description: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
