package enum Access: String, Sendable, Codable, CaseIterable {
    case readWrite = "rw"
    case readOnly = "ro"
}

/// Who may mount a volume, and how. A volume without rules is exported to nobody.
package struct ClientRule: Hashable, Sendable, Codable {
    package let address: ClientAddress
    package let access: Access

    package init(address: ClientAddress, access: Access) {
        self.address = address
        self.access = access
    }

    /// The rules in the order they are kept and compared: by address, each address once.
    /// Throws `invalidArgument` if an address comes twice with different access, or there are more than 1,024.
    package static func normalized(_ rules: [ClientRule]) throws(StorageError) -> [ClientRule] {
        guard rules.count <= 1024 else {
            throw StorageError(
                .invalidArgument, "\(rules.count) clients are too many for one volume; use networks, 1024 rules at most"
            )
        }
        var access: [ClientAddress: Access] = [:]
        for rule in rules {
            if let known = access[rule.address], known != rule.access {
                throw StorageError(.invalidArgument, "the client \(rule.address) is named both rw and ro; name it once")
            }
            access[rule.address] = rule.access
        }
        return access.map { ClientRule(address: $0.key, access: $0.value) }.sorted { $0.address < $1.address }
    }
}

/// Which users of a client act as nobody on the volume.
package enum Squash: String, Sendable, Codable, CaseIterable {
    case none
    case root
    case all
}
