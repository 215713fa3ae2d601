/// For how long a node of a pair with an arbiter may serve: as long as somebody vouches for it that the other does not. Time is that of
/// a clock that never goes back, of one machine. Pure.
///
/// Either vouches from the moment at which it was asked: the arbiter, whose lease the other cannot get before its term is over, and the
/// other node, which serves by the arbiter's word only `term` after it has answered last.
struct Mandate: Hashable, Sendable {
    let term: Duration
    private(set) var vouchedAt: ContinuousClock.Instant?

    init(term: Duration) { self.term = term }

    /// Of the term, what is used: the rest is for the ports to be closed in, and for clocks that go differently.
    private static let share = 0.7

    mutating func note(askedAt instant: ContinuousClock.Instant) {
        vouchedAt = max(vouchedAt ?? instant, instant)
    }

    /// Nil if it is over.
    func rest(at now: ContinuousClock.Instant) -> Duration? {
        guard let vouchedAt else { return nil }
        let rest = term * Self.share - (now - vouchedAt)
        return rest > .zero ? rest : nil
    }
}
