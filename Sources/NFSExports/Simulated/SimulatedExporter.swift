import StorageCore

/// Exports in memory, for a daemon that runs on simulators and for tests. Keeps the contract of `Exporter`; serves
/// nobody.
package actor SimulatedExporter: Exporter {
    /// Nil while the server "does not run".
    private var served: [ExportID: Export]?
    private var held: [ExportID: [ExportHolder]] = [:]

    package init() {}

    package func serve(_ exports: [Export]) throws(StorageError) -> Outcome {
        let wanted = Dictionary(exports.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        defer { served = wanted }
        return served == wanted ? .unchanged : .changed
    }

    package func ensure(_ export: Export) throws(StorageError) -> Outcome {
        let before = try running()
        if let twin = before.values.first(where: { $0.path == export.path && $0.id != export.id }) {
            throw StorageError(.internal, "export \(export.path): it is served already, as number \(twin.id)")
        }
        served?[export.id] = export
        return before[export.id] == export ? .unchanged : .changed
    }

    package func withdraw(_ export: Export) throws(StorageError) -> Outcome {
        held[export.id] = nil
        // One that does not run serves nobody.
        return served?.removeValue(forKey: export.id) == nil ? .unchanged : .changed
    }

    package func isRunning() -> Bool { served != nil }

    package func exports() throws(StorageError) -> [ObservedExport] { try running().values.map(ObservedExport.init) }

    package func holders(of export: Export) -> [ExportHolder] { served == nil ? [] : held[export.id] ?? [] }

    /// As if a client had opened files of the export; a withdrawal ends it.
    package func hold(_ export: Export, _ holder: ExportHolder) { held[export.id, default: []].append(holder) }

    /// As if the server had died; `serve` brings it back.
    package func kill() { served = nil }

    private func running() throws(StorageError) -> [ExportID: Export] {
        guard let served else { throw StorageError(.unavailable, "the simulated NFS server does not run") }
        return served
    }
}
