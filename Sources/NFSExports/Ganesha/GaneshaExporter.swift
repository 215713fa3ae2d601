import Glibc
import HostTools
import Logging
import StorageCore

/// Exports by one supervised NFS-Ganesha. Needs root.
package struct GaneshaExporter: Exporter {
    package let server: GaneshaServer
    private let logger: Logger
    private let gate = SerialGate()

    package init(server: GaneshaServer, logger: Logger) {
        self.server = server
        self.logger = logger
    }

    /// An element each time the server ends unasked, after which `serve` brings it back. For one consumer.
    package var exits: AsyncStream<Void> { server.exits }

    package func serve(_ exports: [Export]) async throws(StorageError) -> Outcome {
        try await gate.run { () async throws(StorageError) in
            switch try await server.condition() {
            case .serving:
                let mended = try await server.mendHelpers()
                return mended | (try await correct(exports, removingOthers: true))
            case .outdated(let lines):
                logger.notice(
                    "the NFS server runs with other settings and is restarted",
                    metadata: ["wanted": "\(lines.joined(separator: " "))"])
            case .absent(let reason):
                logger.notice("the NFS server is started", metadata: ["reason": "\(reason)"])
            }
            try await server.start(exports)
            // Ganesha starts without the exports that it cannot serve; adding them again tells why. Whatever else is
            // served was added since, for a volume that is newer than this list.
            _ = try await correct(exports, removingOthers: false)
            return .changed
        }
    }

    package func ensure(_ export: Export) async throws(StorageError) -> Outcome {
        try await asking("export \(export.path)") { () async throws(BusError) in
            guard await server.bus.isProbablyServed(export.id.value),
                let served = try await server.bus.export(export.id.value)
            else { return try await add(export) }
            return try await change(served, to: export)
        }
    }

    package func withdraw(_ export: Export) async throws(StorageError) -> Outcome {
        do throws(StorageError) {
            return try await remove(export.id.value, at: export.path.value)
        } catch {
            // One that runs and does not answer may still serve it.
            guard error.code == .unavailable, try await !server.isRunning() else { throw error }
            return .unchanged
        }
    }

    package func isRunning() async throws(StorageError) -> Bool { try await server.isRunning() }

    package func exports() async throws(StorageError) -> [ObservedExport] {
        let served = try await asking("list the exports") { () async throws(BusError) in
            try await server.bus.exports()
        }
        await server.mendRegistrations()
        return served.compactMap(\.observed)
    }

    /// None: NFS-Ganesha keeps files open for its own sake, and does not tell for whom.
    package func holders(of export: Export) async throws(StorageError) -> [ExportHolder] { [] }

    /// Stops the server in order. The daemon's own end leaves it running; this is for taking the node out of service.
    package func stop() async throws(StorageError) {
        try await gate.run { () async throws(StorageError) in try await server.stop() }
    }

    // MARK: What is behind them

    /// Makes a running server serve exactly `exports`. One that it refuses does not keep the others from being served;
    /// the first refusal is thrown at the end.
    private func correct(_ exports: [Export], removingOthers: Bool) async throws(StorageError) -> Outcome {
        let served = try await asking("list the exports") { () async throws(BusError) in try await server.bus.exports()
        }
        var byID = Dictionary(served.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        var outcome = Outcome.unchanged
        var refusal: StorageError?
        // Extra ones first: one of them may hold the path of one that is missing.
        let extras = removingOthers ? Set(byID.keys).subtracting(exports.map(\.id.value)) : []
        for extra in extras.sorted() {
            let path = byID.removeValue(forKey: extra)?.path ?? ""
            logger.notice("withdrawing an export that is not wanted", metadata: ["id": "\(extra)", "path": "\(path)"])
            outcome = outcome | (try await remove(extra, at: path))
        }
        for export in exports {
            do throws(StorageError) {
                let current = byID[export.id.value]
                outcome =
                    outcome
                    | (try await asking("export \(export.path)") { () async throws(BusError) in
                        guard let current else { return try await add(export) }
                        return try await change(current, to: export)
                    })
            } catch {
                if error.code == .unavailable { throw error }
                refusal = refusal ?? error
            }
        }
        if let refusal { throw refusal }
        return outcome
    }

    /// Ganesha answers before it has closed the last file of an export that is being written to, and until then it
    /// cannot be unmounted, so this waits for it.
    private func remove(_ id: UInt16, at path: String) async throws(StorageError) -> Outcome {
        let action = "withdraw \(path)"
        let wasServed = try await asking(action) { () async throws(BusError) in try await server.bus.removeExport(id) }
        let end = ContinuousClock.now + .seconds(10)
        while let process = try await asking(
            action,
            { () async throws(BusError) in
                try await server.bus.serverProcess()
            })
        {
            let held = try await onHost(action) { () async throws(HostError) in
                try await HeldFiles.below(path, by: process)
            }
            guard let first = held.first else { break }
            guard ContinuousClock.now < end, (try? await Task.sleep(for: .milliseconds(5))) != nil else {
                throw StorageError(.unavailable, "\(action): the NFS server still holds \(first) open")
            }
        }
        return wasServed ? .changed : .unchanged
    }

    private func add(_ export: Export) async throws(BusError) -> Outcome {
        do throws(BusError) {
            try await describing(export) { (file) async throws(BusError) in
                try await server.bus.addExport(export.id.value, file: file)
            }
            return .changed
        } catch  where error.isAlreadyActive {
            // It is served already; or if it is not, its path is, under another id, which stays an error.
            guard let served = try await server.bus.export(export.id.value) else { throw error }
            return try await change(served, to: export)
        }
    }

    private func change(_ served: ServedExport, to export: Export) async throws(BusError) -> Outcome {
        if served.observed == ObservedExport(export) && served.isInOrder(of: export) { return .unchanged }
        if served.path != export.path.value || served.pseudo != export.path.value {
            // Paths cannot be updated (ganesha-export-config(8)).
            _ = try await server.bus.removeExport(export.id.value)
            return try await add(export)
        }
        try await describing(export) { (file) async throws(BusError) in
            try await server.bus.updateExport(export.id.value, file: file)
        }
        return .changed
    }

    /// Writes the export's description for the server to read, for as long as `body` takes.
    private func describing(
        _ export: Export, _ body: (String) async throws(BusError) -> Void
    ) async throws(BusError) {
        let file = server.configuration.files.export(export.id)
        do throws(HostError) {
            // It is read at once and never after a crash; a sync would cost as much as the export itself.
            try TransientFile.write(Array(GaneshaConfiguration.block(export).utf8), to: file)
        } catch  where error.errorNumber == ENOENT {
            throw BusError.neverStarted
        } catch {
            throw BusError(name: "convert2nfs.Error.File", message: "\(file) cannot be written: \(error)")
        }
        defer { _ = try? TransientFile.remove(file) }
        try await body(file)
    }

    private func asking<Value: Sendable>(
        _ action: String, _ body: () async throws(BusError) -> Value
    ) async throws(StorageError) -> Value {
        do throws(BusError) {
            return try await body()
        } catch {
            throw error.storageError(action)
        }
    }
}
