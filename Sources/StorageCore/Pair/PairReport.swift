/// What replication says of the data on this node.
package enum DataState: Hashable, Sendable, Codable {
    /// Not looked at yet.
    case unknown
    /// All that was ever acknowledged is here, as far as this node can know.
    case current(other: OtherCopy)
    /// The other node has, or may have, what is not here; the text says what is known.
    case outdated(String)
    /// The storage does not work.
    case failed(String)
}

/// What a node with current data knows of the other node's.
package enum OtherCopy: String, Sendable, Codable {
    /// It is the same, and nothing is acknowledged that is not on both.
    case same
    /// It lacks something, or may: this node has gone on alone since.
    case outdated
    case unknown
    /// It is the original of this copy, which follows it a moment behind: what was acknowledged there since is not here.
    case followed
}

/// Whether this node has the service address, as keepalived says.
package enum AddressState: String, Sendable, Codable {
    case unknown
    case held
    case notHeld
    /// keepalived itself finds something wrong, like an interface without a link, or is told to by us.
    case fault
}

/// What a node of a pair is in the service.
package enum PairRole: String, Sendable, Codable, CaseIterable {
    /// Does not serve, and could.
    case standby
    case promoting
    case primary
    case demoting
    /// Does not serve, and must not until its data is that of the other node.
    case outdated
    /// Does not serve, and cannot: its storage, or a demotion, has failed.
    case fault
}

/// What a node tells the other about itself.
package struct PairReport: Hashable, Sendable, Codable {
    package var node: NodeName
    package var role: PairRole
    package var record: PairRecord
    package var data: DataState
    package var address: AddressState
    /// It may have the storage open: on its way up or down, too, and when it could not come down.
    package var holdsStorage: Bool
    /// By whose word it serves when it does not hear the other; nil without an arbiter.
    package var arbiter: String?
    /// On its way down: its server has ended, and no client hears anything from it any more. Nil of one that does not say.
    package var isSilent: Bool?

    package init(
        node: NodeName, role: PairRole, record: PairRecord, data: DataState, address: AddressState, holdsStorage: Bool,
        arbiter: String? = nil, isSilent: Bool = false
    ) {
        self.node = node
        self.role = role
        self.record = record
        self.data = data
        self.address = address
        self.holdsStorage = holdsStorage
        self.arbiter = arbiter
        self.isSilent = isSilent
    }

    /// Whether it serves nobody, and has the storage all the same, which does not work for it.
    package var cannotLetGo: Bool {
        guard holdsStorage else { return false }
        switch (role, data) {
        case (.fault, _): return true
        case (.demoting, .failed), (.demoting, .outdated): return isSilent == true
        default: return false
        }
    }

    /// Whether its copy follows the other one's a moment behind: it is made the same only when the service is moved in order.
    package var isFollowing: Bool { data == .current(other: .followed) }

    /// Whether it could take the service over.
    package var isFit: Bool {
        guard role == .standby, !record.isOutdated, case .current = data else { return false }
        return address != .fault
    }
}
