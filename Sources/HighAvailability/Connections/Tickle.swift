import StorageCore

/// A TCP segment that belongs to no connection of this node: an acknowledgement of nothing, from the service to a client that has a
/// connection to where the service was. The client answers with what it takes for right (RFC 9293, section 3.10.7.4), and this node,
/// which knows no such connection, resets it (section 3.5.2). So the client connects anew at once instead of at its next
/// retransmission, which may be many seconds away. Pure.
struct Tickle: Sendable {
    let connection: Connection

    /// With an IPv4 header (RFC 791), for a socket that takes it as it is; without a header for IPv6, where the kernel makes it.
    var packet: [UInt8] {
        let isIPv6 = connection.local.address.isIPv6
        return (isIPv6 ? [] : header) + segment
    }

    private static let segmentLength: UInt16 = 20
    private static let protocolNumber: UInt8 = 6

    /// The kernel fills in the checksum, and an identification for one of zero (raw(7)).
    private var header: [UInt8] {
        var bytes: [UInt8] = [0x45, 0]
        bytes += Self.bytes(20 + Self.segmentLength)
        bytes += [0, 0, 0x40, 0, 64, Self.protocolNumber, 0, 0]
        return bytes + connection.local.address.bytes + connection.remote.address.bytes
    }

    private var segment: [UInt8] {
        let ports = Self.bytes(connection.local.port) + Self.bytes(connection.remote.port)
        let numbers = [UInt8](repeating: 0, count: 8)
        let offsetAndFlags: [UInt8] = [0x50, 0x10]
        let window = Self.bytes(1024)
        let before = ports + numbers + offsetAndFlags + window
        return before + Self.bytes(Self.checksum(pseudoHeader + before + [0, 0, 0, 0])) + [0, 0]
    }

    /// RFC 9293, section 3.1, and RFC 8200, section 8.1.
    private var pseudoHeader: [UInt8] {
        let addresses = connection.local.address.bytes + connection.remote.address.bytes
        let length = Self.bytes(Self.segmentLength)
        return connection.local.address.isIPv6
            ? addresses + [0, 0] + length + [0, 0, 0, Self.protocolNumber]
            : addresses + [0, Self.protocolNumber] + length
    }

    /// RFC 1071, of an even number of bytes.
    static func checksum(_ bytes: [UInt8]) -> UInt16 {
        var sum: UInt32 = 0
        for index in stride(from: 0, to: bytes.count, by: 2) {
            sum += UInt32(bytes[index]) << 8 | UInt32(bytes[index + 1])
        }
        while sum > 0xFFFF { sum = (sum >> 16) + (sum & 0xFFFF) }
        return ~UInt16(sum)
    }

    private static func bytes(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xFF)] }
}
