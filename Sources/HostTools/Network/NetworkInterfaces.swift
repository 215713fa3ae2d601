import Glibc

/// Addresses of this host, and those of names.
package enum NetworkInterfaces {
    /// An address that one of this host's interfaces has.
    package struct Address: Hashable, Sendable {
        package let interface: String
        /// Without a scope: `10.0.0.7`, `fe80::1`.
        package let text: String

        package init(interface: String, text: String) {
            self.interface = interface
            self.text = text
        }
    }

    /// IPv4 and IPv6 addresses of the interfaces that are up.
    package static func addresses() throws(HostError) -> [Address] {
        var list: UnsafeMutablePointer<ifaddrs>?
        try systemCall("getifaddrs", "this host") { getifaddrs(&list) }
        defer { freeifaddrs(list) }
        var found: [Address] = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ifa_next
            guard entry.ifa_flags & UInt32(IFF_UP) != 0, let address = entry.ifa_addr,
                let text = text(of: address)
            else { continue }
            found.append(Address(interface: String(cString: entry.ifa_name), text: text))
        }
        return found
    }

    /// Returns once `address` is one of this host's, or `patience` is over. Throws `cancelled` if the task is.
    package static func wait(for address: String, within patience: Duration) async throws(HostError) {
        let end = ContinuousClock.now + patience
        while try !addresses().contains(where: { $0.text == address }), ContinuousClock.now < end {
            do { try await Task.sleep(for: .milliseconds(50)) } catch { throw .cancelled }
        }
    }

    /// What the name, or the text of an address, stands for; nothing if it does not resolve. Blocks for as long as name servers
    /// do.
    package static func resolve(_ name: String) -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [String] = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ai_next
            if let text = entry.ai_addr.flatMap(text), !found.contains(text) { found.append(text) }
        }
        return found
    }

    private static func text(of address: UnsafeMutablePointer<sockaddr>) -> String? {
        let family = Int32(address.pointee.sa_family)
        guard family == AF_INET || family == AF_INET6 else { return nil }
        let length = family == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
        var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard
            getnameinfo(address, socklen_t(length), &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST) == 0
        else { return nil }
        let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.split(separator: "%").first.map(String.init)
    }
}
