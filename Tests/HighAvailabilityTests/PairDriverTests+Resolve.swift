import StorageCore
import TestSupport
import Testing

@testable import HighAvailability

extension PairDriverTests {
    /// The other node's answer, whose copy does not connect to this one's any more.
    private func parted(isGranted: Bool, data: DataState = .current(other: .outdated)) throws -> PairAnswer {
        var report = try PairReport.sample("b", .outdated)
        report.record.isAhead = true
        report.data = data
        let stake = PairStake(
            node: report.node, isServing: false, isParted: true, served: .none, servedSince: nil, written: .zero)
        return PairAnswer(isGranted: isGranted, report: report, stake: stake)
    }

    private func withParted(
        _ answer: PairAnswer, _ body: @escaping @Sendable (World, PairDriver, NodeName) async throws -> Void
    ) async throws {
        try await with(answer: answer) { world, driver, _ in
            world.set {
                $0.data = .current(other: .outdated)
                $0.isParted = true
            }
            try await eventually { await driver.status().own.record.isAhead }
            try await body(world, driver, try NodeName("a"))
        }
    }

    @Test("what a node has is given up at once, and again where the other one was not told")
    func givesUp() async throws {
        let whole = try parted(isGranted: true)
        try await withParted(try parted(isGranted: false)) { world, driver, own in
            await #expect(throws: StorageError.self) { try await driver.discard(own) }
            #expect(await driver.status().own.record.isAhead == false)
            world.set { $0.answer = whole }
            try await driver.discard(own)
            #expect(world.see(\.discards) == 2 && world.see(\.heard).last == .reconnect)
        }
    }

    @Test("it is not given up where the other one's was, and nothing would be left")
    func keepsTheLast() async throws {
        try await withParted(try parted(isGranted: true, data: .outdated("it was given up"))) { world, driver, own in
            await #expect(throws: StorageError.self) { try await driver.discard(own) }
            #expect(world.see(\.discards) == 0)
        }
    }
}
