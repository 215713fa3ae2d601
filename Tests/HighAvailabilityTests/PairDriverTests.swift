import Logging
import StorageCore
import TestSupport
import Testing

@testable import HighAvailability

@Suite("A node of a pair at work", .tags(.unit))
struct PairDriverTests {
    static let up = ["raise storage", "raise volumes", "raise port"]
    static let down = ["lower port", "lower volumes", "lower storage"]

    func with(
        unreachable: PairPolicy.Unreachable = .wait, hasFence: Bool = true, record: PairRecord? = nil,
        marker: Epoch? = nil, isPrimary: Bool = false, isFailing: Bool = false, answer: PairAnswer? = nil,
        arbitration: Arbitration? = nil, clock: any Clock<Duration> = FastClock(), world: World = World(),
        stack: ServiceStack? = nil, setup: (any NodeSetup)? = nil,
        _ body: @escaping @Sendable (World, PairDriver, PairFiles) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let files = PairFiles(state: directory.path, volatile: directory.path)
        if let record { try files.write(record) }
        if let marker { try files.write(marker: marker) }
        world.set {
            $0.isPrimary = isPrimary
            $0.startFails = isFailing
            $0.answer = answer
        }
        let parts = PairParts(
            node: try NodeName("a"), otherName: try NodeName("b"), peer: world, replication: world,
            address: World.Address(world: world),
            fence: hasFence ? world : nil, arbitration: arbitration, service: stack ?? world.stack,
            shut: { () async throws(StorageError) in world.set { $0.shuttings += 1 } },
            lookAtRoom: { () async throws(StorageError) in
                if let crowding = world.see(\.crowding) { throw StorageError(.outOfCapacity, crowding) }
            }, setup: setup, files: files,
            policy: PairPolicy(unreachable: unreachable, preferred: try NodeName("a"), interval: .milliseconds(5)),
            tellPrimary: { _ in })
        let driver = try PairDriver(
            parts, clock: clock, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup { group in
            group.addTask { await driver.run() }
            try await body(world, driver, files)
            group.cancelAll()
        }
    }

    func wait(_ driver: PairDriver, _ role: PairRole) async throws {
        try await eventually { await driver.status().own.role == role }
    }

    @Test("what an earlier life may have left goes down before anything else")
    func remains() async throws {
        try await with { world, driver, _ in
            try await wait(driver, .standby)
            #expect(world.see(\.deeds) == Self.down)
            #expect(world.see(\.told).last == .fit)
        }
    }

    @Test("a service that an earlier life left up is taken over as it is")
    func takenOver() async throws {
        let epoch = Epoch(3, of: try NodeName("a"))
        let record = PairRecord(seen: epoch, data: epoch, served: epoch)
        try await with(record: record, marker: epoch, isPrimary: true) { world, driver, _ in
            try await wait(driver, .primary)
            #expect(world.see(\.deeds) == Self.up)
            try await eventually { world.see(\.told) == [.serving] }
        }
    }

    @Test("one that was not all up, or is of another epoch, goes down")
    func otherEpoch() async throws {
        let epoch = Epoch(3, of: try NodeName("a"))
        let record = PairRecord(seen: epoch, data: epoch, served: epoch)
        try await with(record: record, marker: Epoch(2, of: try NodeName("a"))) { world, driver, _ in
            try await wait(driver, .standby)
            #expect(world.see(\.deeds) == Self.down)
        }
    }

    @Test("one whose storage is not open here is none: it was taken down")
    func takenDown() async throws {
        let epoch = Epoch(3, of: try NodeName("a"))
        let record = PairRecord(seen: epoch, data: epoch, served: epoch)
        try await with(record: record, marker: epoch) { world, driver, _ in
            try await wait(driver, .standby)
            #expect(world.see(\.deeds) == Self.down)
        }
    }

    @Test("with the address, and the other node silent, it serves once the fence command has ended well")
    func fenced() async throws {
        try await with { world, driver, files in
            try await wait(driver, .standby)
            world.set { $0.address = .held }
            try await wait(driver, .primary)
            #expect(world.see(\.fencings) == 1 && world.see(\.deeds).suffix(3) == Self.up[...])
            let record = try files.readRecord()
            #expect(record.served == Epoch(1, of: try NodeName("a")) && files.readMarker() == record.served)
            #expect(await driver.outdateOther() == .fence)
        }
    }

    @Test("without a fence it waits and says what to run; forced, it serves")
    func waits() async throws {
        try await with(hasFence: false) { world, driver, _ in
            try await wait(driver, .standby)
            world.set { $0.address = .held }
            try await eventually { await driver.status().obstacle?.contains("ha promote --other-is-off") == true }
            #expect(world.see(\.deeds) == Self.down)
            #expect(try await driver.force() == .changed)
            try await wait(driver, .primary)
            #expect(await driver.outdateOther() == .policy)
        }
    }

    @Test("a node whose copy is connected and that does not write is not switched off because its daemon is silent")
    func idle() async throws {
        try await with { world, driver, _ in
            try await wait(driver, .standby)
            world.set { $0.isOtherIdle = true }
            try await eventually { await driver.replicationState.isOtherIdle }
            world.set { $0.address = .held }
            try await eventually { await driver.status().obstacle?.contains("has the same secret") == true }
            #expect(world.see(\.fencings) == 0)
            world.set { $0.isOtherIdle = false }
            try await wait(driver, .primary)
        }
    }

    @Test("a node that answers and does not take this one for its other is not switched off")
    func stranger() async throws {
        try await with { world, driver, _ in
            try await wait(driver, .standby)
            world.set {
                $0.refusal = "no such token"
                $0.address = .held
            }
            try await eventually { await driver.status().obstacle?.contains("no such token") == true }
            #expect(await driver.status().faults.contains { $0.contains("no such token") })
            #expect(world.see(\.fencings) == 0 && world.see(\.deeds) == Self.down)
        }
    }

    @Test("that the other node is off counts no more once its copy is connected again, though its program is silent")
    func returned() async throws {
        try await with { world, driver, _ in
            try await wait(driver, .standby)
            world.set { $0.isConnected = true }
            try await eventually { await driver.replicationState.isConnected }
            world.set { $0.address = .held }
            try await wait(driver, .primary)
            // The loss of a connection is noticed late.
            let looks = world.see(\.looks)
            try await eventually { world.see(\.looks) > looks + 2 }
            #expect(await driver.other.isOff)
            world.set { $0.isConnected = false }
            try await eventually { await !driver.replicationState.isConnected }
            #expect(await driver.other.isOff)
            world.set { $0.isConnected = true }
            try await eventually { await !driver.other.isOff }
        }
    }

    @Test(
        "writes that wait for the other copy go on once it is made sure of, by another try or an operator",
        arguments: [false, true])
    func suspended(isForced: Bool) async throws {
        try await with { world, driver, _ in
            try await wait(driver, .standby)
            world.set { $0.address = .held }
            try await wait(driver, .primary)
            let answer = PairAnswer(isGranted: false, report: try PairReport.sample("b", .standby))
            world.set { $0.answer = answer }
            try await eventually { await !driver.other.isOff }
            world.set {
                $0.isPrimary = true
                $0.isSuspended = true
                $0.fenceFails = true
                $0.answer = nil
            }
            try await eventually { world.see(\.fencings) > 2 }
            #expect(world.see(\.resumptions) == 0)
            try await eventually { await driver.status().faults.contains { $0.hasPrefix("writes wait: b was lost") } }
            if isForced { #expect(try await driver.force() == .changed) } else { world.set { $0.fenceFails = false } }
            try await eventually { world.see(\.resumptions) == 1 }
            try await eventually { await driver.status().faults.isEmpty }
        }
    }

    @Test("what could not be started is tried again, and told as long as it cannot")
    func upkeep() async throws {
        try await with(isFailing: true) { world, driver, _ in
            try await eventually {
                await driver.status().faults == ["keepalived: no module", "replication: no module"]
            }
            world.set { $0.startFails = false }
            try await eventually { await driver.status().faults.isEmpty }
            // While nothing is served, nobody is let in, whatever else changes the host's rules.
            let count = world.see(\.shuttings)
            try await eventually { world.see(\.shuttings) > count }
            world.set { $0.address = .held }
            try await wait(driver, .primary)
            let starts = world.see(\.starts)
            try await eventually { world.see(\.starts) > starts + 2 }
            let last = world.see(\.shuttings)
            let more = world.see(\.starts)
            try await eventually { world.see(\.starts) > more + 2 }
            #expect(world.see(\.shuttings) == last)
        }
    }

    @Test("a fence that fails is no evidence")
    func fenceFails() async throws {
        try await with { world, driver, _ in
            try await wait(driver, .standby)
            world.set {
                $0.fenceFails = true
                $0.address = .held
            }
            try await eventually { await driver.status().obstacle?.contains("no power switch") == true }
            #expect(await driver.status().own.role == .standby)
            #expect(world.see(\.deeds) == Self.down)
        }
    }

    @Test("a promotion that fails goes down again, and the history tells at which step")
    func failedPromotion() async throws {
        try await with { world, driver, _ in
            try await wait(driver, .standby)
            world.set {
                $0.failing = ["raise volumes"]
                $0.address = .held
            }
            try await eventually { world.see(\.deeds).suffix(5) == (Self.up.prefix(2) + Self.down)[...] }
            let move = try #require(await driver.status().moves.first { $0.failure != nil })
            #expect(
                move.direction == .up && move.failure?.hasPrefix("volumes: ") == true
                    && move.steps.map(\.name) == ["evidence", "storage", "volumes"])
        }
    }

    @Test("a layer that cannot be lowered does not keep the others up, and the node has a fault until it can")
    func stuck() async throws {
        try await with { world, driver, _ in
            try await wait(driver, .standby)
            world.set { $0.address = .held }
            try await wait(driver, .primary)
            let epoch = Epoch(9, of: try NodeName("b"))
            let other = PairReport(
                node: try NodeName("b"), role: .primary, record: PairRecord(seen: epoch, data: epoch, served: epoch),
                data: .current(other: .unknown), address: .held, holdsStorage: true)
            world.set {
                $0.failing = ["lower port"]
                $0.answer = PairAnswer(isGranted: true, report: other)
            }
            try await wait(driver, .fault)
            #expect(world.see(\.deeds).suffix(3) == Self.down[...])
            world.set { $0.failing = [] }
            try await eventually { await !driver.status().own.holdsStorage }
        }
    }

    @Test("asked to, it marks its copy as outdated, and does not serve with it; while it serves it refuses")
    func outdated() async throws {
        try await with { world, driver, _ in
            try await wait(driver, .standby)
            var report = try PairReport.sample("b")
            report.data = .current(other: .unknown)
            let ask = PairMessage(.outdate, report: report)
            #expect(await driver.hear(ask).isGranted)
            #expect(await driver.status().own.role == .outdated)
            world.set { $0.data = .current(other: .same) }
            try await wait(driver, .standby)
            world.set { $0.address = .held }
            try await wait(driver, .primary)
            #expect(await !driver.hear(ask).isGranted && world.see(\.outdatings) == 1)
        }
    }

    @Test("asked to leave, it ends replication, which is no parting, and offers its copy to nobody")
    func leaves() async throws {
        try await with { world, driver, _ in
            try await wait(driver, .standby)
            try await driver.leave()
            let (starts, looks) = (world.see(\.starts), world.see(\.looks))
            let status = await driver.status()
            #expect(status.faults.contains { $0.contains("has left the pair") } && !status.isParted)
            #expect(status.own.role == .outdated)
            #expect(world.see(\.hasLeft))
            world.set { $0.address = .held }
            try await eventually { world.see(\.looks) > looks + 20 }
            #expect(await driver.status().own.role == .outdated)
            #expect(world.see(\.starts) == starts)
            // An operator's word makes it take part again.
            _ = try await driver.force()
            try await wait(driver, .primary)
            #expect(await driver.status().faults.isEmpty)
            await #expect(throws: StorageError.self) { try await driver.leave() }
            let after = await driver.status()
            #expect(after.own.role == .primary && after.faults.isEmpty)
        }
    }
}

extension PairReport {
    static func fit(_ name: String, arbiter: String? = nil) throws -> PairReport {
        PairReport(
            node: try NodeName(name), role: .standby, record: PairRecord(), data: .current(other: .same),
            address: .notHeld, holdsStorage: false, arbiter: arbiter)
    }
}
