#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// An address or a network of clients, IPv4 or IPv6, in its canonical text: `192.0.2.7`, `10.0.0.0/24`, `fd00::/64`.
/// A single address has no prefix length; IPv4-mapped IPv6 addresses are IPv4 (RFC 4291, section 2.5.5.2).
package struct ClientAddress: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Network byte order; 4 or 16 bytes.
    package let bytes: [UInt8]
    package let prefixLength: Int

    package var isIPv6: Bool { bytes.count == 16 }
    package var isSingle: Bool { prefixLength == bytes.count * 8 }

    /// Throws `invalidArgument` for host names, wild cards, a prefix of 0 (which would be everyone) and host bits that
    /// are set below the prefix (which is nearly always a slip of the pen).
    package init(_ text: String) throws(StorageError) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard text.utf8.count <= 64, let parsed = parse(String(parts[0])) else {
            throw StorageError(
                .invalidArgument,
                "the client \"\(text.prefix(64))\" is not an address; use an IPv4 or IPv6 address, or a network like 10.0.0.0/24"
            )
        }
        let width = parsed.count * 8
        guard parts.count == 1 || isPlainNumber(parts[1]), let prefix = parts.count == 1 ? width : Int(parts[1]),
            prefix <= width
        else {
            throw StorageError(.invalidArgument, "the client \"\(text)\" has no valid prefix length; use 1 to \(width)")
        }
        guard prefix > 0 else {
            throw StorageError(
                .invalidArgument, "the client \"\(text)\" is everyone; name the networks that need the volume")
        }
        bytes = masked(parsed, prefix)
        prefixLength = prefix
        guard isPossible else {
            throw StorageError(
                .invalidArgument,
                "the client \"\(text)\" is no client's address (0.0.0.0 and :: mean everybody to NFS servers, the rest is "
                    + "multicast or reserved); name the clients or networks that need the volume")
        }
        guard bytes == parsed else {
            throw StorageError(
                .invalidArgument,
                "the client \"\(text)\" has bits set below its prefix; for the network write \(self), for one client its address alone"
            )
        }
    }

    /// The limited broadcast address, which no client has and no volume names: to say "nobody" where an address is wanted.
    package static let nobody = ClientAddress(bytes: [255, 255, 255, 255])

    /// A single address as the kernel has it, in network byte order; nil if it is of neither family.
    package init?(octets: [UInt8]) {
        switch octets.count {
        case 4: self.init(bytes: octets)
        case 16: self.init(bytes: unmapped(octets))
        default: return nil
        }
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
        prefixLength = bytes.count * 8
    }

    /// Whether clients can have it: RFC 1122 section 3.2.1.3 and RFC 1112 (IPv4), RFC 4291 section 2.4 and 2.5.2 (IPv6).
    private var isPossible: Bool {
        if isIPv6 { return isSingle ? bytes.contains { $0 != 0 } && bytes[0] != 0xFF : bytes[0] != 0xFF }
        return (bytes[0] != 0 || prefixLength < 8) && (bytes[0] < 224 || prefixLength < 4)
    }

    /// Whether every client of `other` is one of this network; true also of itself.
    package func contains(_ other: ClientAddress) -> Bool {
        bytes.count == other.bytes.count && prefixLength <= other.prefixLength
            && masked(other.bytes, prefixLength) == bytes
    }

    package var description: String {
        let family = isIPv6 ? AF_INET6 : AF_INET
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let address = inet_ntop(family, bytes, &buffer, socklen_t(buffer.count)).map { String(cString: $0) } ?? ""
        return isSingle ? address : "\(address)/\(prefixLength)"
    }

    /// IPv4 before IPv6, then by address, then the narrower network first.
    package static func < (lhs: Self, rhs: Self) -> Bool {
        if lhs.bytes.count != rhs.bytes.count { return lhs.bytes.count < rhs.bytes.count }
        if lhs.bytes != rhs.bytes { return lhs.bytes.lexicographicallyPrecedes(rhs.bytes) }
        return lhs.prefixLength > rhs.prefixLength
    }
}

private func parse(_ text: String) -> [UInt8]? {
    var v4 = [UInt8](repeating: 0, count: 4)
    if inet_pton(AF_INET, text, &v4) == 1 { return v4 }
    var v6 = [UInt8](repeating: 0, count: 16)
    guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
    return unmapped(v6)
}

private func unmapped(_ v6: [UInt8]) -> [UInt8] {
    let isMapped = v6.prefix(10).allSatisfy { $0 == 0 } && v6[10] == 0xFF && v6[11] == 0xFF
    return isMapped ? Array(v6.suffix(4)) : v6
}

private func isPlainNumber(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.count <= 3 && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
}

private func masked(_ bytes: [UInt8], _ prefix: Int) -> [UInt8] {
    bytes.enumerated().map { index, byte in
        let kept = min(8, max(0, prefix - index * 8))
        return kept == 0 ? 0 : byte & (0xFF << (8 - UInt8(kept)))
    }
}

extension ClientAddress: Codable {
    package init(from decoder: any Decoder) throws { try self.init(decoder.singleValueContainer().decode(String.self)) }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
