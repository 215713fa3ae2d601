import StorageCore

/// Why a node may take it that the other is not primary, and will not be under an epoch that is not higher.
package enum Evidence: String, Sendable, Codable {
    /// The other says so, and has written down the epoch. Counts for `FailoverMachine.grantLasts` from the moment it was asked.
    case granted
    /// The fence command has ended well: the other is off. Counts until the other is heard again.
    case fenced
    /// The other answers that it does not serve and cannot let go of the storage, which it is shut out of before this one opens it.
    case storage
    /// The arbiter gave this node the lease.
    case arbiter
    /// `cluster.onPeerUnreachable: promote`.
    case policy
}

/// What was found of the other node when evidence was sought.
package enum EvidenceAnswer: Hashable, Sendable {
    case found(Evidence)
    /// It answered, and serves, or wants to, or cannot let go. One that cannot let go is fenced where there is a fence command.
    case refused(PairReport)
    /// It did not answer, and nothing else vouches for it; what was tried, and what to do.
    case missing(String)
}
