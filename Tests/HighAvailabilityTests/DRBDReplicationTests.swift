import FoundationEssentials
import HostTools
import StorageCore
import TestSupport
import Testing

@testable import HighAvailability

@Suite(
    "A resource of DRBD", .serialized, .tags(.integration),
    .enabled("this test needs a machine of its own whose kernel has DRBD; run it with \"make lab\"") {
        ProcessInfo.processInfo.environment["CONVERT2NFS_TEST_DRBD_DISK"] != nil
    })
struct DRBDReplicationConformanceTests {
    /// A resource on an empty disk, whose other node is none.
    private struct Rig: ReplicationRig {
        let replication: DRBDReplication
        private static let resource = "conformance"
        private static let runner = SystemCommandRunner()

        init() async throws {
            let disk = try #require(ProcessInfo.processInfo.environment["CONVERT2NFS_TEST_DRBD_DISK"])
            let own = ProcessInfo.processInfo.hostName
            try Data(
                """
                resource \(Self.resource) {
                    protocol C;
                    device /dev/drbd7;
                    meta-disk internal;
                    net { ping-int 1; connect-int 1; }
                    on \(own) { disk \(disk); address 127.0.0.1:7791; }
                    on nobody { disk \(disk); address 127.0.0.1:7792; }
                }

                """.utf8
            ).write(to: URL(filePath: "/etc/drbd.d/\(Self.resource).res"))
            let toolbox = try ToolLocator.ofThisProcess.locate(DRBDReplication.requiredTools)
            replication = try DRBDReplication(
                resource: Self.resource, minor: 7, toolbox: toolbox, runner: Self.runner)
            try await replication.makeMetadata()
            try await replication.start()
            // No copy is current before somebody says so.
            try await replication.promote(Occasion(isForced: true))
            try await replication.demote()
        }

        func serve() async throws { try await replication.promote(Occasion()) }

        func end() async throws { try await replication.drbd("down") }
    }

    private func with(_ body: (Rig) async throws -> Void) async throws {
        let rig = try await Rig()
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(rig)) } catch { outcome = .failure(error) }
        try await rig.end()
        try outcome.get()
    }

    @Test("keeps the contract", arguments: ReplicationConformance.allCases)
    func conformance(_ check: ReplicationConformance) async throws {
        try await with { try await check.check($0) }
    }

    @Test("one that has left tries to connect no more, and is marked as outdated all the same")
    func leaves() async throws {
        try await with { rig in
            try await rig.replication.leave()
            #expect(await rig.replication.look().isParted)
            try await rig.replication.outdate()
            let state = await rig.replication.look()
            guard case .outdated = state.data, state.isParted else {
                Issue.record("it is \(state)")
                return
            }
        }
    }
}
