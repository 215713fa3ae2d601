import StorageCore

extension [ClientRule] {
    /// Both servers take the first entry that matches a client, so the narrowest network comes first.
    var narrowestFirst: [ClientRule] {
        sorted {
            ($0.address.bytes.count, -$0.address.prefixLength, $0.address)
                < ($1.address.bytes.count, -$1.address.prefixLength, $1.address)
        }
    }
}
