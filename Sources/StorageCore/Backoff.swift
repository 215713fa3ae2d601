/// When what does not last may be tried again: at once, then after a pause that doubles with each try, and is the shortest again
/// after a try that has lasted. Pure: time is a parameter.
struct Backoff: Hashable, Sendable {
    private let shortest: Duration
    private let longest: Duration
    private var last: ContinuousClock.Instant?
    private var pause = Duration.zero

    init(shortest: Duration, longest: Duration) {
        self.shortest = shortest
        self.longest = longest
    }

    func isDue(at now: ContinuousClock.Instant) -> Bool { last.map { now - $0 >= pause } ?? true }

    /// It is tried.
    mutating func note(at now: ContinuousClock.Instant) {
        let hasLasted = last.map { now - $0 >= longest * 2 } ?? true
        pause = hasLasted ? shortest : min(longest, pause * 2)
        last = now
    }
}
