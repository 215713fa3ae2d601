import NFSClient
import NodeAPI
import StorageCore

/// The first packet of a new connection from a client, as rules see it. Pure.
struct Packet: Hashable, Sendable {
    let source: ClientAddress
    /// Nil where it is not known, like the interface that it comes in by.
    let destination: ClientAddress?
    let interface: String?
    let transport: RPCProbe.Transport
    let port: UInt16

    /// What one of its fields holds.
    enum Field {
        case address(ClientAddress)
        case number(Int)
        /// Any of these words stands for it.
        case words([String])
        /// It has no such field.
        case absent
    }

    /// Nil for a field that is not known.
    func field(_ expression: JSONValue) -> Field? {
        if let payload = expression["payload"] { return self.payload(payload) }
        if let meta = expression["meta"]?["key"]?.text { return self.meta(meta) }
        if expression["ct"]?["key"]?.text == "state" { return .words(["new"]) }
        if let fib = expression["fib"], fib["result"]?.text == "type", fib["flags"]?.elements == ["daddr"] {
            return .words(["local"])
        }
        return nil
    }

    private var transportWords: Field { .words([transport.rawValue, transport == .tcp ? "6" : "17"]) }

    private func payload(_ payload: JSONValue) -> Field? {
        let family = source.isIPv6 ? "ip6" : "ip"
        switch (payload["protocol"]?.text, payload["field"]?.text) {
        case ("ip", "saddr"), ("ip6", "saddr"):
            return payload["protocol"]?.text == family ? .address(source) : .absent
        case ("ip", "daddr"), ("ip6", "daddr"):
            guard payload["protocol"]?.text == family else { return .absent }
            return destination.map { .address($0) }
        case ("ip", "protocol"): return source.isIPv6 ? .absent : transportWords
        case ("ip6", "nexthdr"): return source.isIPv6 ? transportWords : .absent
        case ("th", "dport"): return .number(Int(port))
        case ("tcp", "dport"), ("udp", "dport"):
            return payload["protocol"]?.text == transport.rawValue ? .number(Int(port)) : .absent
        case (let name, _) where ["tcp", "udp", "icmp", "icmpv6", "sctp", "dccp"].contains(name):
            return name == transport.rawValue ? nil : .absent
        default: return nil
        }
    }

    private func meta(_ key: String) -> Field? {
        switch key {
        case "l4proto": transportWords
        case "nfproto": .words([source.isIPv6 ? "ipv6" : "ipv4"])
        case "protocol": .words([source.isIPv6 ? "ip6" : "ip"])
        case "pkttype": .words(["host", "unicast"])
        // From outside, whichever interface it is, it is not the loopback.
        case "iif", "iifname": .words([interface ?? Self.unknownInterface])
        default: nil
        }
    }

    static let unknownInterface = ""
}
