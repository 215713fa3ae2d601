import Glibc

/// Sends TCP segments of our own making (raw(7), ipv6(7)). Needs CAP_NET_RAW.
package enum RawSender {
    /// Sends each packet from `source`, an address of this machine, to its own. Of IPv4 a packet has its header; of IPv6 the kernel makes it, from
    /// the address that the socket is bound to. Those that cannot be sent are left out, and those of the other family. Throws
    /// `systemCall` if nothing can be sent.
    package static func send(
        _ packets: [(bytes: [UInt8], address: [UInt8])], from source: [UInt8]
    ) throws(HostError) {
        let isIPv6 = source.count == 16
        let raw = try systemCall("socket", "a raw socket") {
            socket(
                isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue),
                Int32(isIPv6 ? IPPROTO_TCP : IPPROTO_RAW))
        }
        defer { close(raw) }
        if isIPv6 {
            try systemCall("bind", "a raw socket") { with(source) { bind(raw, $0, $1) } }
        }
        for (bytes, address) in packets where address.count == source.count {
            _ = with(address) { sendto(raw, bytes, bytes.count, Int32(MSG_DONTWAIT), $0, $1) }
        }
    }

    /// For calls that take an address; without a port.
    private static func with<Value>(
        _ address: [UInt8], _ body: (UnsafePointer<sockaddr>, socklen_t) -> Value
    ) -> Value {
        func call<Kind>(_ kind: Kind) -> Value {
            withUnsafePointer(to: kind) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<Kind>.size))
                }
            }
        }
        if address.count == 16 {
            var target = sockaddr_in6()
            target.sin6_family = sa_family_t(AF_INET6)
            withUnsafeMutableBytes(of: &target.sin6_addr) { $0.copyBytes(from: address) }
            return call(target)
        }
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        withUnsafeMutableBytes(of: &target.sin_addr) { $0.copyBytes(from: address) }
        return call(target)
    }
}
