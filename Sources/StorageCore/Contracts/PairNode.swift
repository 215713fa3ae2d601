/// A node of a pair, as its faces see it.
package protocol PairNode: Sendable {
    func status() async -> PairStatus

    /// Answers the other node.
    func hear(_ message: PairMessage) async -> PairAnswer

    /// Moves the service to the other node; it goes on when this returns. `unchanged` where it is there already or on its way;
    /// `conflict` with what has to be done first.
    func move() async throws(StorageError) -> Outcome

    /// Ends replication in order, so that the other node goes on at once without this one, whose copy counts as outdated from then on: for
    /// when the machine goes down. It takes part again with the next start of the program. Throws `conflict` if this node has the service.
    func leave() async throws(StorageError)

    /// Serves from this node without evidence that the other does not: an operator has made sure that it is off. It goes on when this
    /// returns. Where it serves, and its writes wait for the other's copy, they go on. `unchanged` if it serves; `conflict` if its storage does not work, or the other node serves.
    func force() async throws(StorageError) -> Outcome

    /// What is left to be done, on both nodes, until they are a pair; nothing is changed. Throws `conflict` with all that is in the way,
    /// `unavailable` if the other node does not answer.
    func planSetup() async throws(StorageError) -> [SetupTask]

    /// Does the first of it. `busy` while another is being done.
    func advanceSetup() async throws(StorageError) -> SetupProgress

    /// What each node would lose if the other's data were taken; this node comes first, the other follows if it answers.
    func stakes() async -> [PairStake]

    /// Gives up what `node` has and the other lacks, once both copies went different ways; it takes the other's from then on. Throws
    /// `conflict` if they have not, if `node` serves, or is none of the pair's.
    func discard(_ node: NodeName) async throws(StorageError)

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
    /// The arbiter has it in writing that this node's copy alone counts.
    case arbiter
    /// Nothing can make it serve but an operator, or the configuration says in writing to go on.
    case policy
}
