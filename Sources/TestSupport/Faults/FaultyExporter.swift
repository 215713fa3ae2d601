import StorageCore

/// An exporter whose changing calls go through a `FaultPlan`.
package struct FaultyExporter: Exporter {
    private let base: any Exporter
    private let plan: FaultPlan

    package init(_ base: any Exporter, _ plan: FaultPlan) {
        self.base = base
        self.plan = plan
    }

    package func serve(_ exports: [Export]) async throws(StorageError) -> Outcome {
        try await plan.run("exporter.serve") { () async throws(StorageError) in try await base.serve(exports) }
    }

    package func ensure(_ export: Export) async throws(StorageError) -> Outcome {
        try await plan.run("exporter.ensure") { () async throws(StorageError) in try await base.ensure(export) }
    }

    package func withdraw(_ export: Export) async throws(StorageError) -> Outcome {
        try await plan.run("exporter.withdraw") { () async throws(StorageError) in try await base.withdraw(export) }
    }

    package func isRunning() async throws(StorageError) -> Bool { try await base.isRunning() }

    package func exports() async throws(StorageError) -> [ObservedExport] { try await base.exports() }

    package func holders(of export: Export) async throws(StorageError) -> [ExportHolder] {
        try await base.holders(of: export)
    }
}
