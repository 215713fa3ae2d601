import HighAvailability
import HostTools
import StorageCore
import TestSupport
import Testing

@testable import convert2nfsd

@Suite("etcd as the arbiter", .serialized, .tags(.integration), .requires(.etcd))
struct EtcdArbiterTests {
    private func arbiter(_ name: String, _ endpoints: [String]) throws -> EtcdArbiter {
        EtcdArbiter(
            .init(endpoints: endpoints, seconds: 4), node: try NodeName(name), address: try ClientAddress("192.0.2.10"))
    }

    @Test("a real one keeps the contract", arguments: ArbiterConformance.allCases)
    func conforms(_ check: ArbiterConformance) async throws {
        let server = try await EtcdServer()
        let (first, second) = (try arbiter("a", [server.endpoint]), try arbiter("b", [server.endpoint]))
        try await check.check(first, second)
        for arbiter in [first, second] { await arbiter.close() }
        try await server.stop()
    }

    @Test("one that is away is unavailable, within its time; another member is asked then")
    func away() async throws {
        let server = try await EtcdServer()
        let dead = "http://127.0.0.1:9"
        let arbiter = try arbiter("a", [dead, server.endpoint])
        #expect(await arbiter.isHeld)
        try await server.stop()
        let error = await #expect(throws: StorageError.self) { _ = try await arbiter.hold() }
        #expect(error?.code == .unavailable)
        await arbiter.close()
    }

    @Test("one that takes the question and says nothing is given up")
    func silent() async throws {
        let server = try ScriptedServer(at: .loopback) { _ in .silence }
        let arbiter = try arbiter("a", ["http://127.0.0.1:\(server.port)"])
        let error = await #expect(throws: StorageError.self) { _ = try await arbiter.hold() }
        #expect(error?.code == .unavailable)
        await arbiter.close()
        server.stop()
    }
}
