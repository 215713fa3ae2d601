/// What a node of a pair has that the other may lack, and would lose if the other's data were taken.
package struct PairStake: Hashable, Sendable, Codable {
    package var node: NodeName
    package var isServing: Bool
    /// Neither copy connects any more: both have written since they went different ways, or may have.
    package var isParted: Bool
    /// The highest epoch that it has served under.
    package var served: Epoch
    /// When it last began to serve, in seconds since 1970; nil if it is not remembered.
    package var servedSince: Double?
    /// What was written since they parted, as far as replication knows.
    package var written: ByteCount
    /// What was written is kept beside the other's files when this node's data is given up, so that nothing of it is lost.
    package var isKept: Bool?

    package init(
        node: NodeName, isServing: Bool, isParted: Bool, served: Epoch, servedSince: Double?, written: ByteCount,
        isKept: Bool = false
    ) {
        self.node = node
        self.isServing = isServing
        self.isParted = isParted
        self.served = served
        self.servedSince = servedSince
        self.written = written
        self.isKept = isKept
    }
}
