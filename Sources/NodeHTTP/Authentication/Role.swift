import HTTPTypes

/// What a credential may do. Each role may do what the ones before it may.
package enum Role: String, Sendable, CaseIterable, Comparable {
    /// Look at everything.
    case reader
    /// Make, change and delete volumes and snapshots.
    case provisioner
    /// Everything: what is of the node, or takes over what is not ours, too.
    case admin

    package static func < (lhs: Role, rhs: Role) -> Bool { lhs.rank < rhs.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    /// The least role a request of a volume needs: looking is for readers, changing for provisioners.
    static func needed(for method: HTTPRequest.Method) -> Role {
        method == .get || method == .head ? .reader : .provisioner
    }
}
