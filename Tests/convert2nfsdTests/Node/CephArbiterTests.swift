import HostTools
import StorageBackends
import StorageCore
import TestSupport
import Testing

@testable import convert2nfsd

/// Where `CephPool.test` says that there is a pool for tests.
@Suite("Ceph as the arbiter", .serialized, .tags(.integration), .enabled(if: CephPool.test != nil))
struct CephArbiterTests {
    /// Of a pair that has the prefix.
    private func arbiter(_ node: String, _ prefix: String, seconds: Int) async throws -> CephArbiter {
        let pool = try #require(CephPool.test)
        let toolbox = try ToolLocator.ofThisProcess.locate(RBDBackend.requiredTools)
        let storage = try RBDShared(
            [pool.place(prefix: prefix)], node: NodeName(node), other: NodeName(node == "a" ? "b" : "a"),
            secret: "secret", toolbox: toolbox)
        try await storage.register()
        return try CephArbiter(storage, seconds: seconds, toolbox: toolbox)
    }

    @Test("a real one keeps the contract", arguments: ArbiterConformance.allCases)
    func conforms(_ check: ArbiterConformance) async throws {
        // One that nobody has been asked anything by yet.
        let prefix = check.rawValue.lowercased()
        try await check.check(arbiter("a", prefix, seconds: 4), arbiter("b", prefix, seconds: 4))
    }

    @Test("what an earlier life of the program held is its own")
    func restarted() async throws {
        for _ in 0..<2 { #expect(try await arbiter("a", "restarted", seconds: 60).isHeld) }
        #expect(try await !arbiter("b", "restarted", seconds: 60).isHeld)
    }
}
