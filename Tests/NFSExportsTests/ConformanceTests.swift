import NFSExports
import StorageCore
import TestSupport
import Testing

@Suite("An exporter keeps the contract")
struct ConformanceTests {
    @Test("in memory", .tags(.unit), arguments: ExporterConformance.allCases)
    func simulated(_ check: ExporterConformance) async throws {
        try await check.check(SimulatedRig())
    }
}

struct SimulatedRig: ExporterRig {
    let exporter = SimulatedExporter()

    func mountedPath(_ number: UInt16) -> MountPath { MountPath("/nfs/v\(number)") }
    func killServer() async { await exporter.kill() }
}
