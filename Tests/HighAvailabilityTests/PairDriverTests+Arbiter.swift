import StorageCore
import Synchronization
import TestSupport
import Testing

@testable import HighAvailability

/// With an arbiter.
extension PairDriverTests {
    private static let term = Duration.milliseconds(400)

    /// Both nodes have heard of each other's arbiter once. `other` is the other node's way to it.
    private struct Rig: Sendable {
        let world: World
        let driver: PairDriver
        let own: SimulatedArbiter
        let other: SimulatedArbiter
        let extensions: Extensions

        func hearOther(_ arbiter: String? = "simulated") async throws {
            _ = await driver.hear(PairMessage(.report, report: try .fit("b", arbiter: arbiter)))
        }
    }

    private final class Extensions: Sendable {
        let count = Mutex(0)
        func extend() { count.withLock { $0 += 1 } }
    }

    private func withArbiter(
        hasFence: Bool = false, otherArbiter: String? = "simulated",
        _ body: @escaping @Sendable (Rig) async throws -> Void
    ) async throws {
        let place = SimulatedArbiter.Place()
        let own = SimulatedArbiter(try NodeName("a"), at: place, term: Self.term)
        let other = SimulatedArbiter(try NodeName("b"), at: place, term: Self.term)
        let extensions = Extensions()
        let arbitration = Arbitration(arbiter: own, mandate: MandateKeeper(term: Self.term)) { extensions.extend() }
        try await with(hasFence: hasFence, arbitration: arbitration) { world, driver, _ in
            try await wait(driver, .standby)
            let rig = Rig(world: world, driver: driver, own: own, other: other, extensions: extensions)
            try await rig.hearOther(otherArbiter)
            try await body(rig)
        }
    }

    private func obstacle(_ driver: PairDriver, has text: String) async throws {
        try await eventually { await driver.status().obstacle?.contains(text) == true }
    }

    @Test("with the other node silent, it serves by the arbiter's word, and not before what it said last has ended")
    func arbitrated() async throws {
        try await withArbiter { rig in
            let answered = ContinuousClock.now
            try await rig.hearOther()
            rig.world.set { $0.address = .held }
            try await wait(rig.driver, .primary)
            #expect(ContinuousClock.now - answered >= Self.term)
            #expect(await !rig.other.isHeld)
            // The ports are kept open.
            let before = rig.extensions.count.withLock(\.self)
            try await eventually { rig.extensions.count.withLock { $0 > before + 2 } }
        }
    }

    @Test("it waits while the other node has the lease")
    func arbiterRefuses() async throws {
        try await withArbiter { rig in
            _ = try await rig.other.hold()
            let holding = Task {
                repeat { _ = try await rig.other.hold() } while (try? await Task.sleep(for: .milliseconds(20))) != nil
            }
            rig.world.set { $0.address = .held }
            try await obstacle(rig.driver, has: "b has the lease")
            #expect(rig.world.see(\.deeds) == Self.down)
            holding.cancel()
        }
    }

    @Test("it waits when the other node has gone on alone, also when that is off for sure", arguments: [false, true])
    func otherIsAhead(hasFence: Bool) async throws {
        try await withArbiter(hasFence: hasFence) { rig in
            try await rig.other.write(ahead: try NodeName("b"), over: try await rig.other.hold())
            try await rig.other.release()
            rig.world.set { $0.address = .held }
            try await obstacle(rig.driver, has: "b has gone on alone")
            #expect(rig.world.see(\.deeds) == Self.down && (rig.world.see(\.fencings) > 0) == hasFence)
            // An operator's word counts more.
            #expect(try await rig.driver.force() == .changed)
            try await wait(rig.driver, .primary)
        }
    }

    @Test("the arbiter's word counts only where both nodes ask the same one", arguments: [nil, "another"])
    func otherArbiter(_ arbiter: String?) async throws {
        try await withArbiter(otherArbiter: arbiter) { rig in
            rig.world.set { $0.address = .held }
            try await obstacle(rig.driver, has: "make cluster.arbiter the same on both")
            #expect(rig.world.see(\.deeds) == Self.down)
        }
    }

    @Test("cut off from the arbiter it serves on by the other node's word, and from both it lets go")
    func cutOff() async throws {
        try await withArbiter { rig in
            rig.world.set { $0.address = .held }
            try await wait(rig.driver, .primary)
            let answer = PairAnswer(isGranted: true, report: try .fit("b", arbiter: "simulated"))
            rig.world.set { $0.answer = answer }
            rig.own.set(isReachable: false)
            try await eventually { await rig.other.isHeld }
            let status = await rig.driver.status()
            #expect(status.own.role == .primary)
            #expect(status.faults.contains { $0.contains("the arbiter does not answer") })
            rig.world.set { $0.answer = nil }
            try await eventually { rig.world.see(\.deeds).last == "lower storage" }
            #expect(rig.world.see(\.deeds).suffix(3) == Self.down[...])
        }
    }

    /// It serves, the other node is lost, and what that lacks is not known yet.
    private func serveWithWaitingWrites(_ rig: Rig) async throws {
        rig.world.set { $0.address = .held }
        try await wait(rig.driver, .primary)
        rig.world.set { $0.data = .current(other: .unknown) }
        let looks = rig.world.see(\.looks)
        try await eventually { rig.world.see(\.looks) > looks + 2 }
    }

    @Test("it goes on alone once the arbiter has it in writing, which stays until both are known to be the same")
    func alone() async throws {
        try await withArbiter { rig in
            try await serveWithWaitingWrites(rig)
            #expect(await rig.driver.outdateOther() == .arbiter)
            let written = rig.extensions.count.withLock(\.self)
            try await eventually { rig.extensions.count.withLock { $0 > written + 5 } }
            #expect(try await rig.own.look().ahead == (try NodeName("a")))
            rig.own.set(isReachable: false)
            #expect(await rig.driver.outdateOther() == nil)
            rig.own.set(isReachable: true)
            rig.world.set { $0.data = .current(other: .same) }
            try await eventually { try await rig.own.look().ahead == nil }
        }
    }

    @Test("it does not go on alone over the other's name")
    func notOver() async throws {
        try await withArbiter { rig in
            try await serveWithWaitingWrites(rig)
            try await rig.own.write(ahead: try NodeName("b"), over: try await rig.own.hold())
            #expect(await rig.driver.outdateOther() == nil)
            #expect(try await rig.own.look().ahead == (try NodeName("b")))
        }
    }

    @Test("a service that an earlier life left up is taken over by the other node's word while the arbiter is away")
    func adopted() async throws {
        let epoch = Epoch(3, of: try NodeName("a"))
        let own = SimulatedArbiter(try NodeName("a"), at: SimulatedArbiter.Place(), term: .seconds(4))
        own.set(isReachable: false)
        let arbitration = Arbitration(arbiter: own, mandate: MandateKeeper(term: .seconds(4))) {}
        let answer = PairAnswer(isGranted: true, report: try .fit("b", arbiter: "simulated"))
        try await with(
            record: PairRecord(seen: epoch, data: epoch, served: epoch), marker: epoch, isPrimary: true, answer: answer,
            arbitration: arbitration
        ) { world, driver, _ in
            try await wait(driver, .primary)
            #expect(world.see(\.deeds) == Self.up && arbitration.mandate.rest != nil)
        }
    }
}
