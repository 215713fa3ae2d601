import StorageCore

/// One client of a volume: `{"address": "10.0.0.0/24", "access": "rw"}`.
package struct ClientDocument: Hashable, Sendable, Codable {
    package var address: ClientAddress
    package var access: Access

    package init(_ rule: ClientRule) {
        address = rule.address
        access = rule.access
    }

    package var rule: ClientRule { ClientRule(address: address, access: access) }
}
