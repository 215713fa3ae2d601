import TestSupport
import Testing

@testable import Provisioning

@Suite("The reconciler's pace", .tags(.unit))
struct PaceTests {
    @Test(
        "looking takes a twentieth of the time at most, and never waits longer than its limit",
        arguments: [
            ([], 2), ([.milliseconds(10)], 2), ([.milliseconds(400)], 8), ([.seconds(60)], 30),
            // One that repaired something, among others.
            ([.milliseconds(10), .seconds(5), .milliseconds(20)], 2),
            // What was cheap long ago counts no more.
            ([.milliseconds(10), .milliseconds(500), .milliseconds(600), .milliseconds(700)], 10),
        ] as [([Duration], Int)])
    func pause(costs: [Duration], seconds: Int) {
        var pace = Pace(shortest: .seconds(2))
        for cost in costs { pace.note(cost) }
        #expect(pace.pause == .seconds(seconds))
    }
}
