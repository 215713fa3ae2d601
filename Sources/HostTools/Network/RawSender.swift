import Glibc

/// Sends packets of our own making (raw(7)). Needs CAP_NET_RAW.
package enum RawSender {
    /// Sends each packet, an IPv4 datagram with its header, to its address. Those that cannot be sent are left out. Throws `systemCall`
    /// if nothing can be sent.
    package static func send(_ packets: [(bytes: [UInt8], address: [UInt8])]) throws(HostError) {
        let raw = try systemCall("socket", "a raw socket") {
            socket(AF_INET, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), Int32(IPPROTO_RAW))
        }
        defer { close(raw) }
        for (bytes, address) in packets where address.count == 4 {
            var target = sockaddr_in()
            target.sin_family = sa_family_t(AF_INET)
            target.sin_addr.s_addr = address.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
            _ = withUnsafePointer(to: &target) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    sendto(
                        raw, bytes, bytes.count, Int32(MSG_DONTWAIT), $0,
                        socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
    }
}
