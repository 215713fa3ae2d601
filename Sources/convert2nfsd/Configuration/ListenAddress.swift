#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Where the API listens: an address, never a name, so that whether it is loopback does not depend on a resolver.
struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
    /// Without brackets.
    let host: String
    let port: UInt16

    init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// From `127.0.0.1:8080`, `[::1]:8080` or `localhost:8080`; nil if the host is not an address or the port not
    /// 1...65535.
    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            guard IPAddress.family(of: host) == .v6 else { return nil }
        } else if host == "localhost" {
            host = "127.0.0.1"
        } else if IPAddress.family(of: host) != .v4 {
            return nil
        }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.count <= 5, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = UInt16(digits), port > 0
        else { return nil }
        self.init(host: host, port: port)
    }

    /// Whether only this machine reaches it: 127.0.0.0/8 (RFC 1122), ::1, and the former mapped into IPv6.
    var isLoopback: Bool { IPAddress.isLoopback(host) }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// What can be told of an address's text.
enum IPAddress {
    enum Family {
        case v4
        case v6
    }

    /// Nil if it is neither in dotted decimal nor IPv6 (inet_pton(3)).
    static func family(of text: String) -> Family? {
        if bytes(of: text, AF_INET, 4) != nil { return .v4 }
        return bytes(of: text, AF_INET6, 16) == nil ? nil : .v6
    }

    static func isLoopback(_ text: String) -> Bool {
        if let v4 = bytes(of: text, AF_INET, 4) { return v4[0] == 127 }
        guard let v6 = bytes(of: text, AF_INET6, 16) else { return false }
        let isMapped = v6[..<10].allSatisfy { $0 == 0 } && v6[10] == 0xFF && v6[11] == 0xFF
        return isMapped ? v6[12] == 127 : v6 == [UInt8](repeating: 0, count: 15) + [1]
    }

    /// 0.0.0.0 or ::, which is every address of the machine and none to mount from.
    static func isUnspecified(_ text: String) -> Bool {
        (bytes(of: text, AF_INET, 4) ?? bytes(of: text, AF_INET6, 16))?.allSatisfy { $0 == 0 } ?? false
    }

    private static func bytes(of text: String, _ family: Int32, _ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return inet_pton(family, text, &bytes) == 1 ? bytes : nil
    }
}
