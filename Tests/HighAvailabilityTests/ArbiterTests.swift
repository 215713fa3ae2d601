import HostTools
import StorageCore
import TestSupport
import Testing

@testable import HighAvailability

@Suite("The arbiter and the mandate", .tags(.unit))
struct ArbiterTests {
    @Test("the simulated one keeps the contract", arguments: ArbiterConformance.allCases)
    func conforms(_ check: ArbiterConformance) async throws {
        let place = SimulatedArbiter.Place()
        try await check.check(
            SimulatedArbiter(try NodeName("a"), at: place, term: .milliseconds(200)),
            SimulatedArbiter(try NodeName("b"), at: place, term: .milliseconds(200)))
    }

    @Test("a mandate lasts from the moment its last voucher was asked, and is over before the term is")
    func mandate() {
        let begin = ContinuousClock.now
        var mandate = Mandate(term: .seconds(10))
        #expect(mandate.rest(at: begin) == nil)
        mandate.note(askedAt: begin + .seconds(2))
        // What was asked earlier and comes later takes nothing away.
        mandate.note(askedAt: begin)
        #expect(mandate.rest(at: begin + .seconds(2)) == .seconds(7))
        #expect(mandate.rest(at: begin + .seconds(8)) == .seconds(1))
        #expect(mandate.rest(at: begin + .seconds(9)) == nil)
    }

    @Test("ports that are open for a time close by themselves, in the kernel", .requiresRoot, .requires(.nft))
    func limited() async throws {
        let tools = try ToolLocator.ofThisProcess.locate([.nft])
        let runner = SystemCommandRunner()
        let gate = try ServiceGate(
            address: try ClientAddress("192.0.2.10"), ports: [2049], toolbox: tools, runner: runner)
        let list = Invocation(try tools.require(.nft), ["list", "set", "inet", GateRules.table, "open"])
        try await gate.set(.limited(.seconds(60)))
        #expect(try await runner.output(of: list).text.contains("192.0.2.10 timeout 1m expires"))
        try await gate.set(.extended(.milliseconds(300)))
        try await eventually { try await !runner.output(of: list).text.contains("192.0.2.10") }
        // What has closed is not opened by what was to keep it open.
        await #expect(throws: StorageError.self) { try await gate.set(.extended(.seconds(60))) }
        #expect(try await !runner.output(of: list).text.contains("192.0.2.10"))
        try await gate.set(.open)
    }
}
