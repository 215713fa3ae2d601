import Glibc
import HostTools

/// Ports that nobody uses, so that a node runs beside anything.
package enum FreePorts {
    /// For each count the first of that many consecutive ports, free a moment ago for TCP and UDP, over IPv4 and IPv6 (rpc.statd
    /// may have one of IPv6 only), all different. They
    /// are not held: another program may take one in between, which shows as a server that does not start.
    package static func pick(consecutive counts: [UInt16]) throws(HostError) -> [UInt16] {
        var held: [Int32] = []
        defer { for descriptor in held { close(descriptor) } }
        var first: [UInt16] = []
        for count in counts { first.append(try pick(count, &held)) }
        return first
    }

    /// `count` such ports that need not be consecutive.
    package static func pick(_ count: Int) throws(HostError) -> [UInt16] {
        try pick(consecutive: Array(repeating: 1, count: count))
    }

    private static func pick(_ count: UInt16, _ held: inout [Int32]) throws(HostError) -> UInt16 {
        for _ in 0..<200 {
            var mine: [Int32] = []
            guard let start = bind(0, SOCK_STREAM, &mine), start < UInt16.max - count else { continue }
            let isFree =
                bind(start, SOCK_DGRAM, &mine) != nil
                && (1..<count).allSatisfy {
                    bind(start + $0, SOCK_STREAM, &mine) != nil && bind(start + $0, SOCK_DGRAM, &mine) != nil
                }
            held += mine
            if isFree { return start }
        }
        throw HostError.unexpected("there are no \(count) consecutive free ports")
    }

    /// Binds a socket for both families, which is added to `held`, and answers its port; nil if the port is taken.
    private static func bind(_ port: UInt16, _ kind: __socket_type, _ held: inout [Int32]) -> UInt16? {
        let descriptor = socket(AF_INET6, Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        held.append(descriptor)
        var no: Int32 = 0
        setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &no, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        return isBound ? UInt16(bigEndian: address.sin6_port) : nil
    }
}
