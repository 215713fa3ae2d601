/// A node of a pair, as its faces see it.
package protocol PairNode: Sendable {
    func status() async -> PairStatus

    /// Answers the other node.
    func hear(_ message: PairMessage) async -> PairAnswer

    /// Moves the service to the other node; it goes on when this returns. `unchanged` where it is there already or on its way;
    /// `conflict` with what has to be done first.
    func move() async throws(StorageError) -> Outcome

    /// Serves from this node without evidence that the other does not: an operator has made sure that it is off. It goes on when this
    /// returns. `unchanged` if it serves; `conflict` if its storage does not work, or the other node serves.
    func force() async throws(StorageError) -> Outcome

    /// Makes sure that the other node's copy counts as outdated, so that this one may go on writing without it. Answers how, or nil
    /// if it cannot be made sure of.
    func outdateOther() async -> OutdatedBy?
}

/// How it came that the other node's copy counts as outdated.
package enum OutdatedBy: String, Sendable, Codable, CaseIterable {
    /// It has marked itself, durably.
    case itself
    /// It is off: the fence command ended well.
    case fence
    /// Nothing can make it serve but an operator, or the configuration says in writing to go on.
    case policy
}
