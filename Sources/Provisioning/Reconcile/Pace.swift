/// How long after one look at the node the next one begins: so long that looking takes a twentieth of the time at most, where there
/// are many volumes or the processor is slow. Pure.
struct Pace: Hashable, Sendable {
    private static let share = 20
    private static let remembered = 3

    private let shortest: Duration
    private let longest: Duration
    private var costs: [Duration] = []

    init(shortest: Duration, longest: Duration = .seconds(30)) {
        self.shortest = shortest
        self.longest = longest
    }

    /// What the last look cost.
    mutating func note(_ cost: Duration) { costs = (costs + [cost]).suffix(Self.remembered) }

    /// One look that had something to repair takes longer, and makes the next one no later: the cheapest of the last ones counts.
    var pause: Duration {
        guard let cost = costs.min() else { return shortest }
        return max(shortest, min(longest, cost * Self.share))
    }
}
