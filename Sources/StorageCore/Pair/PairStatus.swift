/// What a node of a pair knows of the pair, for its operator.
package struct PairStatus: Hashable, Sendable {
    package var own: PairReport
    /// Nil while the other node does not answer.
    package var other: PairReport?
    /// Its name, whether it answers or not.
    package var otherName: NodeName
    /// Which is to serve while both could.
    package var preferred: NodeName
    /// Both copies have gone different ways.
    package var isParted: Bool
    /// Why this node does not serve although it should.
    package var obstacle: String?
    /// What does not work beside the data.
    package var faults: [String]
    /// What replication says of itself, in its own words.
    package var replication: String
    /// Of a copy that is being brought up to date, in percent.
    package var syncPercent: Double?
    /// The newest last.
    package var moves: [ServiceMove]
    /// Of each volume, where they are replicated one by one.
    package var copies: [CopyStatus]

    package init(
        own: PairReport, other: PairReport?, otherName: NodeName, preferred: NodeName, isParted: Bool = false,
        obstacle: String?, faults: [String] = [],
        replication: String, syncPercent: Double?, moves: [ServiceMove], copies: [CopyStatus] = []
    ) {
        self.own = own
        self.other = other
        self.otherName = otherName
        self.preferred = preferred
        self.isParted = isParted
        self.obstacle = obstacle
        self.faults = faults
        self.replication = replication
        self.syncPercent = syncPercent
        self.moves = moves
        self.copies = copies
    }

    /// Who serves, if anybody is known to.
    package var primary: NodeName? {
        if own.role == .primary { return own.node }
        return other?.role == .primary ? other?.node : nil
    }
}

/// One volume, where they are replicated one by one: how far the standby's copy of it is.
package struct CopyStatus: Hashable, Sendable, Codable {
    package let volume: VolumeKey
    /// The moment that the standby's copy is of, in seconds since 1970, by the clock of the node that says so; nil before the first copy
    /// is whole.
    package let asOf: Double?
    /// Why the last try to bring it up to date did not succeed.
    package let problem: String?
    /// The other node is copying it from this one now.
    package let isCopying: Bool

    package init(volume: VolumeKey, asOf: Double?, problem: String? = nil, isCopying: Bool = false) {
        self.volume = volume
        self.asOf = asOf
        self.problem = problem
        self.isCopying = isCopying
    }
}

/// One time that a node has brought the service up or taken it down.
package struct ServiceMove: Hashable, Sendable, Codable {
    package enum Direction: String, Sendable, Codable, CaseIterable { case up, down }

    package struct Step: Hashable, Sendable, Codable {
        package let name: String
        package let milliseconds: Int

        package init(name: String, milliseconds: Int) {
            self.name = name
            self.milliseconds = milliseconds
        }
    }

    package let direction: Direction
    /// Under which it was brought up; nil of one that was taken down.
    package let epoch: Epoch?
    /// Seconds since 1970.
    package let beganAt: Double
    package let steps: [Step]
    /// Why it did not succeed.
    package let failure: String?

    package init(direction: Direction, epoch: Epoch?, beganAt: Double, steps: [Step], failure: String?) {
        self.direction = direction
        self.epoch = epoch
        self.beganAt = beganAt
        self.steps = steps
        self.failure = failure
    }
}
