/// Counts promotions of a pair. Each takes one that no node of the pair has taken before; what a higher one has written counts.
package struct Epoch: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    package let number: UInt64

    /// Before the first promotion.
    package static let none = Epoch(0)

    package init(_ number: UInt64) { self.number = number }

    package var next: Epoch { Epoch(number + 1) }
    package var description: String { "\(number)" }
    package static func < (lhs: Epoch, rhs: Epoch) -> Bool { lhs.number < rhs.number }

    package init(from decoder: any Decoder) throws { self.init(try decoder.singleValueContainer().decode(UInt64.self)) }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }
}

/// What a node of a pair must not forget over a restart.
package struct PairRecord: Hashable, Sendable, Codable {
    /// The highest epoch that it has taken, has let the other take, or has heard the other serve under.
    package var seen: Epoch
    /// The highest epoch under which nothing was written that this node's data does not hold.
    package var data: Epoch
    /// It has acknowledged what the other node lacks.
    package var isAhead: Bool

    package init(seen: Epoch = .none, data: Epoch = .none, isAhead: Bool = false) {
        self.seen = seen
        self.data = data
        self.isAhead = isAhead
    }

    /// Whether the other node may have written what is not here.
    package var isOutdated: Bool { data < seen }
}
