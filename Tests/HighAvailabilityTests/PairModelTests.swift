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

/// Ways that every operator goes, step by step.
@Suite(.tags(.unit))
struct PairWaysTests {
    private func settled() throws -> PairModel {
        var model = try PairModel(means: .fence)
        for round in 0..<10 { model.live(round) }
        #expect(model.nodes.map { $0.machine?.role } == [.primary, .standby])
        return model
    }

    /// How many rounds it takes until that node serves; nil if it does not in 40.
    private func rounds(until index: Int, _ model: inout PairModel) -> Int? {
        for round in 0..<40 {
            if model.nodes[index].machine?.role == .primary, model.nodes[index].address == .held { return round }
            model.live(100 + round)
        }
        return nil
    }

    @Test("what is moved arrives at once, under the epoch that was given, and stays")
    func moved() throws {
        var model = try settled()
        let before = try #require(model.nodes[0].machine?.record.served)
        model.move(0)
        #expect(try #require(rounds(until: 1, &model)) <= 4)
        #expect(model.nodes[1].machine?.record.served == before.next(of: model.nodes[1].name))
        for round in 200..<260 { model.live(round) }
        #expect(model.nodes.map { $0.machine?.role } == [.standby, .primary] && model.faults.isEmpty)
        model.move(1)
        #expect(try #require(rounds(until: 0, &model)) <= 5)
    }

    @Test("a primary that loses its interface gives the service to the other, once")
    func interface() throws {
        var model = try settled()
        model.toggleInterface(0)
        #expect(rounds(until: 1, &model) != nil)
        model.toggleInterface(0)
        for round in 200..<260 { model.live(round) }
        #expect(model.nodes.map { $0.machine?.role } == [.standby, .primary] && model.faults.isEmpty)
    }

    @Test("while only adverts are not heard, the service and the address stay where they are")
    func adverts() throws {
        var model = try settled()
        model.toggle(.adverts)
        model.live(50)
        for round in 100..<125 {
            model.live(round)
            #expect(model.nodes[0].machine?.role == .primary && model.nodes[1].address != .held, "round \(round)")
        }
    }

    @Test("a primary that dies is fenced, and the other serves")
    func died() throws {
        var model = try settled()
        model.crash(0)
        for _ in 0..<8 where model.nodes[1].machine?.role != .primary {
            model.advertise()
            model.poll(1)
            model.finishJob(1)
            model.tick()
        }
        #expect(model.nodes[1].machine?.role == .primary && model.faults.isEmpty)
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
        case 70..<76:
            tick()
            return "tick"
        case 76..<77:
            restart(index)
            return "restart \(index)"
        case 77..<78:
            toggleInterface(index)
            return "interface \(index)"
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
        for index in nodes.indices where !nodes[index].hasInterface { toggleInterface(index) }
        for round in 0..<80 { live(round) }
    }

    /// A second in which all that goes on all the time goes on.
    mutating func live(_ round: Int) {
        for index in nodes.indices {
            boot(index)
            look(index)
            poll(index)
            finishJob(index)
        }
        advertise()
        connect()
        write(1_000_000 + round)
        tick()
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
