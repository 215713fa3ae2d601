import StorageCore
import TestSupport
import Testing

@Suite("Trying again", .tags(.unit))
struct BackoffTests {
    @Test("what does not last is tried at once, then after pauses that double, and at once again after it has lasted")
    func backoff() {
        let start = ContinuousClock.now
        var backoff = Backoff(shortest: .seconds(2), longest: .seconds(10))
        #expect(backoff.isDue(at: start))
        var last = start
        for pause in [2, 4, 8, 10, 10] {
            backoff.note(at: last)
            #expect(!backoff.isDue(at: last + .seconds(pause) - .milliseconds(1)), "\(pause)")
            #expect(backoff.isDue(at: last + .seconds(pause)), "\(pause)")
            last += .seconds(pause)
        }
        backoff.note(at: last + .seconds(20))
        #expect(backoff.isDue(at: last + .seconds(22)))
    }
}
