import Catalog
import StorageCore

/// The one way to the NFS server's exports. It makes "read what is to be served, then serve it" one step against a
/// withdrawal, so that a volume that is being deleted is never exported again from a list read a moment before.
struct ExportTable: Sendable {
    private enum Whole: Comparable { case table }

    private let exporter: any Exporter
    private let observer: Observer
    private let lock = KeyedLock<Whole>()

    init(exporter: any Exporter, observer: Observer) {
        self.exporter = exporter
        self.observer = observer
    }

    /// Ensures a running server that serves exactly the volumes that are to be served and are mounted.
    func serveAll() async throws(StorageError) -> Outcome {
        try await exclusively { () async throws(StorageError) in try await serve(also: nil) }
    }

    /// Ensures this one export; the volume is mounted. Starts a server that does not run, with everything else.
    func ensure(_ export: Export) async throws(StorageError) -> Outcome {
        try await exclusively { () async throws(StorageError) in try await ensureServed(export) }
    }

    private func ensureServed(_ export: Export) async throws(StorageError) -> Outcome {
        do throws(StorageError) {
            return try await exporter.ensure(export)
        } catch {
            // What a server that runs did not do in time, it would not do with all its exports either.
            guard error.code == .unavailable, try await !exporter.isRunning() else { throw error }
            do throws(StorageError) {
                return try await serve(also: export)
            } catch {
                // A refusal may be of another's export, which is the reconciler's to tell; asking again tells of this one.
                guard error.code != .unavailable else { throw error }
                return .changed | (try await exporter.ensure(export))
            }
        }
    }

    /// Runs `body`, which makes an export of others ours, and then ensures what it answers; what it told beside that is answered too.
    /// Nobody serves anything meanwhile from what was read before.
    func takeOver<Value: Sendable, More: Sendable>(
        _ body: () async throws(StorageError) -> (Value, Export, More)
    ) async throws(StorageError) -> (Value, More, Outcome) {
        try await exclusively { () async throws(StorageError) in
            let (value, export, more) = try await body()
            return (value, more, try await ensureServed(export))
        }
    }

    /// Ensures nobody is served `export`.
    func withdraw(_ export: Export) async throws(StorageError) -> Outcome {
        try await exclusively { () async throws(StorageError) in try await exporter.withdraw(export) }
    }

    /// Serves `lent` instead of `export`, which is served now, for as long as `body` takes, `patience` at most; then `export` again,
    /// whatever came of it. Nil if `body` took longer; it goes on. Throws `busy` if the table is in use: whoever only looks, and any
    /// number of them, does not hold up those who change it.
    func lend<Value: Sendable>(
        _ lent: Export, insteadOf export: Export, patience: Duration, _ body: @escaping @Sendable () async -> Value
    ) async throws(StorageError) -> Value? {
        guard lock.tryAcquire(.table) else {
            throw StorageError(.busy, "the NFS server's export table is in use; ask again")
        }
        defer { lock.release([.table]) }
        let completion = Completion<Value>()
        do throws(StorageError) {
            _ = try await exporter.ensure(lent)
            Task { completion.finish(await body()) }
        } catch {
            // It may have come half-way.
            _ = try? await exporter.ensure(export)
            throw error
        }
        let value = await completion.value(within: patience, clock: ContinuousClock())
        _ = try await exporter.ensure(export)
        return value
    }

    func holders(of export: Export) async throws(StorageError) -> [ExportHolder] {
        try await exporter.holders(of: export)
    }

    func isRunning() async throws(StorageError) -> Bool { try await exporter.isRunning() }

    func observed() async throws(StorageError) -> [ObservedExport] { try await exporter.exports() }

    private func serve(also extra: Export?) async throws(StorageError) -> Outcome {
        let exportable = try await observer.look().exportable
        let others = exportable.map(\.export).filter { $0.id != extra?.id }
        return try await exporter.serve(others + (extra.map { [$0] } ?? []))
    }

    private func exclusively<Value: Sendable>(
        _ body: () async throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        guard await lock.acquire([.table], patience: .seconds(60), clock: ContinuousClock()) else {
            throw StorageError(.unavailable, "the NFS server's export table has been busy for a minute; see its log")
        }
        defer { lock.release([.table]) }
        return try await body()
    }
}
