import StorageCore

/// A TCP connection of a client to this node, by its four numbers.
package struct Connection: Hashable, Sendable, Codable {
    package struct End: Hashable, Sendable, Codable, CustomStringConvertible {
        package let address: ClientAddress
        package let port: UInt16

        package init(address: ClientAddress, port: UInt16) {
            self.address = address
            self.port = port
        }

        package var description: String { address.isIPv6 ? "[\(address)]:\(port)" : "\(address):\(port)" }
    }

    /// The service's.
    package let local: End
    package let remote: End

    package init(local: End, remote: End) {
        self.local = local
        self.remote = remote
    }
}

/// What `/proc/net/tcp` and `/proc/net/tcp6` show (proc_net(5)). Pure.
enum ConnectionTable {
    /// The established connections in `text` to `address` at one of `ports`.
    static func connections(_ text: String, to address: ClientAddress, at ports: Set<UInt16>) -> [Connection] {
        text.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 3, fields[3] == established, let local = end(fields[1]), let remote = end(fields[2]),
                local.address == address, ports.contains(local.port)
            else { return nil }
            return Connection(local: local, remote: remote)
        }
    }

    /// TCP_ESTABLISHED of the kernel's net/tcp_states.h.
    private static let established = "01"

    /// Of `0B4D000A:0801`: each four bytes of the address as a number of this machine's order, the port as one of none.
    private static func end(_ text: Substring) -> Connection.End? {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1], radix: 16), parts[0].utf8.count % 8 == 0 else { return nil }
        var bytes: [UInt8] = []
        var rest = parts[0]
        while !rest.isEmpty {
            guard let word = UInt32(rest.prefix(8), radix: 16) else { return nil }
            bytes += withUnsafeBytes(of: word) { Array($0) }
            rest = rest.dropFirst(8)
        }
        return ClientAddress(octets: bytes).map { Connection.End(address: $0, port: port) }
    }
}
