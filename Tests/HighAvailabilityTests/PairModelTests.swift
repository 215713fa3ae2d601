import HighAvailability
import StorageCore
import TestSupport
import Testing

/// The two machines together, through orders of events that nobody would think of.
@Suite(.tags(.unit))
struct PairModelTests {
    @Test("at no time do both serve, and no acknowledged write is missed", arguments: PairModel.Means.allCases)
    func isSafe(means: PairModel.Means) throws {
        for seed in 0..<2000 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var model = try PairModel(means: means)
            var trace: [String] = []
            for step in 0..<400 {
                trace.append(try model.step(step, &random))
                guard model.faults.isEmpty else {
                    Issue.record("seed \(seed): \(model.faults), after \(trace.suffix(30).joined(separator: ", "))")
                    return
                }
            }
        }
    }

    @Test(
        "when all is well again one node serves, with everything, and the other could",
        arguments: PairModel.Means.allCases)
    func recovers(means: PairModel.Means) throws {
        for seed in 0..<500 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var model = try PairModel(means: means)
            for step in 0..<300 { _ = try model.step(step, &random) }
            model.heal()
            let roles = model.nodes.map { $0.machine?.role }
            let isWell =
                Set(roles) == [.primary, .standby]
                && model.acknowledged.allSatisfy { number in
                    model.nodes.allSatisfy { $0.disk.writes.contains(number) }
                }
            #expect(isWell && model.faults.isEmpty, "seed \(seed): \(roles), \(model.faults)")
            guard isWell else { return }
        }
    }
}

extension PairModel {
    /// Something happens, mostly what happens all the time.
    mutating func step(_ number: Int, _ random: inout SeededGenerator) throws -> String {
        let index = Int.random(in: 0...1, using: &random)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<3:
            crash(index)
            return "crash \(index)"
        case 3..<8:
            boot(index)
            return "boot \(index)"
        case 8..<11:
            let link = Link.allCases.randomElement(using: &random) ?? .peer
            toggle(link)
            return "toggle \(link)"
        case 11..<13:
            move(index)
            return "move \(index)"
        case 13..<30:
            finishJob(index)
            return "job \(index)"
        case 30..<45:
            look(index)
            return "look \(index)"
        case 45..<60:
            poll(index)
            return "poll \(index)"
        case 60..<70:
            advertise()
            return "adverts"
        case 70..<78:
            tick(index)
            return "tick \(index)"
        case 78..<85:
            connect()
            return "connect"
        default:
            write(number)
            return "write"
        }
    }

    /// All runs and is connected, for long enough.
    mutating func heal() {
        links = Set(Link.allCases)
        for round in 0..<60 {
            for index in nodes.indices {
                boot(index)
                look(index)
                poll(index)
                finishJob(index)
                tick(index)
            }
            advertise()
            connect()
            write(1_000_000 + round)
        }
    }
}

/// Random numbers that are the same each time (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
