import HostTools
import StorageBackends
import StorageCore
import TestSupport
import Testing

@testable import convert2nfsd

/// Where `CephPool.test` says that there is a pool for tests.
@Suite("Ceph as the arbiter", .serialized, .tags(.integration), .enabled(if: CephPool.test != nil))
struct CephArbiterTests {
    @Test("a real one keeps the contract", arguments: ArbiterConformance.allCases)
    func conforms(_ check: ArbiterConformance) async throws {
        let pool = try #require(CephPool.test)
        // One that nobody has been asked anything by yet.
        let place = pool.place(prefix: check.rawValue.lowercased())
        let toolbox = try ToolLocator.ofThisProcess.locate(RBDBackend.requiredTools)
        let (first, second) = (
            try CephArbiter(place, node: NodeName("a"), seconds: 4, toolbox: toolbox),
            try CephArbiter(place, node: NodeName("b"), seconds: 4, toolbox: toolbox)
        )
        try await check.check(first, second)
    }

    @Test("what an earlier life of the program held is its own")
    func restarted() async throws {
        let pool = try #require(CephPool.test)
        let toolbox = try ToolLocator.ofThisProcess.locate(RBDBackend.requiredTools)
        for _ in 0..<2 {
            let arbiter = try CephArbiter(
                pool.place(prefix: "restarted"), node: NodeName("a"), seconds: 60, toolbox: toolbox)
            #expect(await arbiter.isHeld)
        }
        let other = try CephArbiter(
            pool.place(prefix: "restarted"), node: NodeName("b"), seconds: 60, toolbox: toolbox)
        #expect(await !other.isHeld)
    }
}
