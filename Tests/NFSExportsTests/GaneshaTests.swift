import StorageCore
import TestSupport
import Testing

/// Every test with a real NFS-Ganesha; one after the other, since they share the host's rpcbind.
@Suite(
    "NFS-Ganesha", .serialized, .tags(.integration), .requiresRoot, .requiresLoopDevices,
    .requires(.ganesha, .dbusDaemon, .rpcbind, .statd, .mkfsExt4), .timeLimit(.minutes(10)))
struct GaneshaTests {
    @Test("keeps the exporter's contract", arguments: ExporterConformance.allCases)
    func conformance(_ check: ExporterConformance) async throws {
        try await GaneshaNode.with { try await check.check($0) }
    }

    @Suite struct Clients {}
    @Suite struct Survival {}
    @Suite struct Protocols {}
}
