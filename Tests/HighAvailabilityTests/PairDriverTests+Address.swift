import StorageCore
import TestSupport
import Testing

@testable import HighAvailability

/// Where keepalived is told to have the address.
extension PairDriverTests {
    private func other(_ role: PairRole, _ epoch: UInt64) throws -> PairAnswer {
        let name = try NodeName("b")
        let record = PairRecord(
            seen: Epoch(epoch, of: name), data: Epoch(epoch, of: name), served: Epoch(epoch, of: name))
        return PairAnswer(
            isGranted: true,
            report: PairReport(
                node: name, role: role, record: record, data: .current(other: .same), address: .notHeld,
                holdsStorage: role == .primary))
    }

    /// A layer of which one way does not end before the test does, or the program.
    private final class HangingLayer: Sendable {
        enum Way { case up, down }
        private let (reached, isReached) = AsyncStream<Void>.makeStream()
        private let (rest, ended) = AsyncStream<Void>.makeStream()
        private let way: Way

        init(_ way: Way) { self.way = way }
        deinit { ended.finish() }

        var stack: ServiceStack {
            ServiceStack([
                ServiceLayer(
                    "server", answers: true,
                    raise: { [way, rest, isReached] (_) async throws(StorageError) in
                        guard way == .up else { return }
                        await Self.hang(isReached, rest)
                        throw StorageError(.cancelled, "it was given up")
                    },
                    lower: { [way, rest, isReached] () async throws(StorageError) in
                        if way == .down { await Self.hang(isReached, rest) }
                    })
            ])
        }

        private static func hang(_ reached: AsyncStream<Void>.Continuation, _ rest: AsyncStream<Void>) async {
            reached.yield()
            for await _ in rest {}
        }

        func waitUntilReached() async { for await _ in reached { return } }
        func end() { ended.finish() }
    }

    /// The record and the marker of a service that an earlier life left up.
    private func left() throws -> (record: PairRecord, marker: Epoch) {
        let epoch = Epoch(1, of: try NodeName("a"))
        return (PairRecord(seen: epoch, data: epoch, served: epoch), epoch)
    }

    @Test(
        "in an orderly move the address stays until clients hear nothing any more, and where the other serves it goes at once"
    )
    func addressStays() async throws {
        for isOrderly in [true, false] {
            // Whose seconds are longer than what is done here.
            try await with(clock: ContinuousClock()) { world, driver, _ in
                try await wait(driver, .standby)
                world.set {
                    $0.address = .held
                    $0.answer = try? other(.standby, 0)
                }
                try await wait(driver, .primary)
                world.set { $0.fitness = [:] }
                if isOrderly {
                    try await eventually { (try? await driver.move()) != nil }
                } else {
                    world.set { $0.answer = try? other(.primary, 9) }
                }
                try await eventually { world.see(\.fitness)["lower storage"] != nil }
                let fitness = world.see(\.fitness)
                #expect(fitness["lower port"] == (isOrderly ? .serving : .unfit))
                #expect(fitness["lower volumes"] == (isOrderly ? .serving : .unfit))
                #expect(fitness["lower storage"] == .unfit)
            }
        }
    }

    @Test("a program that ends while the service is on its way down leaves the address to the other node")
    func endsOnTheWay() async throws {
        let (world, layer, left) = (World(), HangingLayer(.down), try left())
        world.set { $0.address = .held }
        try await with(
            record: left.record, marker: left.marker, isPrimary: true, answer: try other(.standby, 0),
            clock: ContinuousClock(), world: world, stack: layer.stack
        ) { world, driver, _ in
            try await eventually { (try? await driver.move()) != nil }
            await layer.waitUntilReached()
            #expect(world.see(\.told).last == .serving)
        }
        #expect(world.see(\.told).last == .unfit)
        layer.end()
    }

    @Test("one that ends before it knows whether the service is up leaves the address where it is")
    func endsUnsettled() async throws {
        let (world, layer, left) = (World(), HangingLayer(.up), try left())
        world.set { $0.address = .held }
        try await with(
            record: left.record, marker: left.marker, isPrimary: true, world: world, stack: layer.stack
        ) { _, _, _ in
            await layer.waitUntilReached()
        }
        #expect(!world.see(\.told).contains(.unfit))
    }
}
