import FoundationEssentials
import StorageCore
import TestSupport
import Testing

/// Run by the lab in a machine; other hosts' kernels may serve somebody, or have no server.
@Suite(
    "The kernel's NFS server", .serialized, .tags(.integration),
    .enabled("this test needs a machine of its own whose kernel has nfsd; run it with \"make lab\"") {
        ProcessInfo.processInfo.environment["CONVERT2NFS_TEST_KERNEL_SERVER"] == "1"
    })
struct KernelServerConformanceTests {
    @Test("keeps the exporter's contract", arguments: ExporterConformance.allCases)
    func conformance(_ check: ExporterConformance) async throws {
        try await KernelNode.with { try await check.check($0) }
    }
}
