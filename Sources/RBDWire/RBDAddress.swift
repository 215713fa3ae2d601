/// Addresses of Ceph's clients: `ADDRESS:PORT/NONCE`. Pure.
package enum RBDAddress {
    /// Without port and nonce.
    package static func host(_ address: String) -> String {
        String(address.prefix(upTo: address.lastIndex(of: ":") ?? address.endIndex))
    }

    /// As the blocklist and watchers have it. Of some lock holders Ceph says the kind before that: `v1:10.0.0.1:0/42`, and `any:` of a kernel
    /// that speaks the second version.
    package static func untyped(_ address: String) -> String {
        guard address.first?.isLetter == true, let colon = address.firstIndex(of: ":") else { return address }
        return String(address[address.index(after: colon)...])
    }
}
