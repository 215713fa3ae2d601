import StorageCore
import TestSupport
import Testing

@testable import HighAvailability

extension PairDriverTests {
    private func faults(of driver: PairDriver, contain text: String) async throws {
        try await eventually("nothing says \"\(text)\"") {
            await driver.status().faults.contains { $0.contains(text) }
        }
    }

    private func serve(_ world: World, _ driver: PairDriver) async throws {
        try await wait(driver, .standby)
        world.set { $0.address = .held }
        try await wait(driver, .primary)
    }

    @Test("a node that serves without the address says what to look at", arguments: [AddressState.notHeld, .fault])
    func displaced(state: AddressState) async throws {
        try await with { world, driver, _ in
            try await serve(world, driver)
            world.set { $0.address = state }
            try await faults(of: driver, contain: "this node serves without the service address")
            world.set { $0.address = .held }
            try await eventually { await driver.status().faults.isEmpty }
        }
    }

    @Test("a node that got the address although the other serves says so, leaves it, and could still have it")
    func misled() async throws {
        try await with { world, driver, _ in
            try await wait(driver, .standby)
            let other = try PairReport.sample("b", .primary)
            world.set { $0.answer = PairAnswer(isGranted: true, report: other) }
            // It would ask whether it may serve, else, and be let.
            try await eventually { await driver.status().other?.role == .primary }
            world.set { $0.address = .held }
            try await eventually { world.see(\.told).last == .unfit }
            // What keepalived makes of that.
            world.set { $0.address = .fault }
            try await faults(of: driver, contain: "this node got the service address although b serves")
            #expect(await driver.status().own.isFit)
        }
    }

    @Test("a way to the other node that is lost is told of while another one carries, and not where the node is gone")
    func silentWay() async throws {
        try await with { world, driver, _ in
            try await wait(driver, .standby)
            world.set { $0.silentWays = ["http://192.0.2.12:8080"] }
            let other = try PairReport.sample("b", .primary)
            world.set { $0.answer = PairAnswer(isGranted: true, report: other) }
            try await faults(of: driver, contain: "b is not reached at http://192.0.2.12:8080")
            world.set { $0.answer = nil }
            try await eventually { await driver.status().faults.isEmpty }
        }
    }

    @Test("a service's own volume that is nearly full is told of by the node that serves")
    func crowded() async throws {
        try await with { world, driver, _ in
            try await wait(driver, .standby)
            world.set { $0.crowding = "it is nearly full" }
            world.set { $0.address = .held }
            try await faults(of: driver, contain: "the service's own files: it is nearly full")
            world.set { $0.crowding = nil }
            try await eventually { await driver.status().faults.isEmpty }
        }
    }

    @Test("how long it took to make sure of the other node is the first step of the way up")
    func evidence() async throws {
        try await with { world, driver, _ in
            try await serve(world, driver)
            try await eventually {
                await driver.status().moves.last?.steps.map(\.name) == ["evidence", "storage", "volumes", "port"]
            }
        }
    }

    @Test("with the policy \"promote\" it serves with nothing to vouch for it that the other does not")
    func promotesByPolicy() async throws {
        try await with(unreachable: .promote, hasFence: false) { world, driver, _ in
            try await serve(world, driver)
            #expect(world.see(\.fencings) == 0)
            #expect(await driver.outdateOther() == .policy)
        }
    }

    @Test("what is in keepalived's way is in the way of the set-up")
    func foreignKeepalived() async throws {
        struct Nothing: NodeSetup {
            let node: NodeName
            func survey() async -> SetupSurvey { SetupSurvey(node: node) }
            func text(of step: SetupStep) -> String { "" }
            func perform(_ step: SetupStep) async throws(StorageError) {}
        }
        try await with(setup: Nothing(node: NodeName("a"))) { world, driver, _ in
            world.set { $0.obstacle = "its file is somebody else's" }
            #expect(await driver.answerSurvey().survey?.obstacles == ["its file is somebody else's"])
            world.set { $0.obstacle = nil }
            #expect(await driver.answerSurvey().survey?.obstacles == [])
        }
    }
}
