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

    @Test("one that was begun without exports does not count as running before it serves, and then serves all of them")
    func begun() async throws {
        try await KernelNode.with { node in
            try await node.exporter.begin()
            try await node.exporter.begin()
            #expect(try await node.exporter.exports() == [])
            #expect(try await !node.exporter.isRunning())
            var exports: [Export] = []
            for number in 1...3 as ClosedRange<UInt16> { exports.append(try await node.export(number)) }
            #expect(try await node.exporter.serve(exports) == .changed)
            #expect(try await node.exporter.isRunning())
            #expect(Set(try await node.exporter.exports()) == Set(exports.map(ObservedExport.init)))
            #expect(try await node.exporter.serve(exports) == .unchanged)
        }
    }
}
