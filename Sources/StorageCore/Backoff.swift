/// When what does not last may be tried again: at once, then after a pause that doubles with each try, and is the shortest again
/// after a try that has lasted. Pure: time is a parameter.
package struct Backoff: Hashable, Sendable {
    private let shortest: Duration
    private let longest: Duration
    private var last: ContinuousClock.Instant?
    private var pause = Duration.zero

    package init(shortest: Duration, longest: Duration) {
        self.shortest = shortest
        self.longest = longest
    }

    package func isDue(at now: ContinuousClock.Instant) -> Bool { last.map { now - $0 >= pause } ?? true }

    /// It is tried.
    package mutating func note(at now: ContinuousClock.Instant) {
        pause = hasLasted(at: now) ? shortest : min(longest, pause * 2)
        last = now
    }

    /// Whether the next try is as the first one.
    package func hasLasted(at now: ContinuousClock.Instant) -> Bool { last.map { now - $0 >= longest * 2 } ?? true }
}
