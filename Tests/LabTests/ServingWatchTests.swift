import Lab
import Testing

@Suite("Whether two nodes have served at once, by what was noted on each")
struct ServingWatchTests {
    @Test(
        "only a look at one between two looks at the other, which had no break between, is an overlap",
        arguments: [
            (one: [1.0, 1.1, 1.2], other: [2.0, 2.1], overlap: nil),
            (one: [1.0, 1.1, 9.0, 9.1], other: [2.0, 2.1, 3.0], overlap: nil),
            (one: [], other: [2.0, 2.1], overlap: nil),
            (one: [1.0, 1.1, 1.2], other: [1.15, 2.1], overlap: 1.15),
            (one: [1.0, 4.0], other: [2.0], overlap: 2.0),
        ] as [(one: [Double], other: [Double], overlap: Double?)])
    func overlap(one: [Double], other: [Double], overlap: Double?) {
        #expect(ServingWatch.overlap(one, other) == overlap)
    }
}
