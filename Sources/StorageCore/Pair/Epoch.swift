/// Counts promotions of a pair. Each is one node's alone, so that two never serve under the same; what a later one has written counts.
package struct Epoch: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    package let number: UInt64
    /// Whose it is; empty before the first promotion.
    package let owner: String

    /// Before the first promotion.
    package static let none = Epoch(number: 0, owner: "")

    package init(_ number: UInt64, of owner: NodeName) { self.init(number: number, owner: owner.value) }

    private init(number: UInt64, owner: String) {
        self.number = number
        self.owner = owner
    }

    /// The next one for `owner`.
    package func next(of owner: NodeName) -> Epoch { Epoch(number + 1, of: owner) }

    package var description: String { "\(number) of \(owner)" }
    package static func < (lhs: Epoch, rhs: Epoch) -> Bool {
        (lhs.number, lhs.owner) < (rhs.number, rhs.owner)
    }
}

/// What a node of a pair must not forget over a restart.
package struct PairRecord: Hashable, Sendable, Codable {
    /// The highest epoch that it has taken, has let the other take, or has heard the other serve under.
    package var seen: Epoch
    /// The highest epoch up to which nothing was written that this node's data does not hold.
    package var data: Epoch
    /// The highest epoch that it has itself served under.
    package var served: Epoch
    /// It has acknowledged what the other node lacks.
    package var isAhead: Bool
    /// By whose word the other node serves when it does not hear this one, as far as it has said.
    package var otherArbiter: String?

    package init(seen: Epoch = .none, data: Epoch = .none, served: Epoch = .none, isAhead: Bool = false) {
        self.seen = seen
        self.data = data
        self.served = served
        self.isAhead = isAhead
    }

    /// Whether the other node may have written what is not here.
    package var isOutdated: Bool { data < seen }
}
