import FoundationEssentials
import GRDB
import StorageCore

/// The node's memory: volumes, snapshots and the operation journal, in one SQLite file (WAL, `synchronous=FULL`: what a
/// call has answered survives a power cut; see https://www.sqlite.org/pragma.html#pragma_synchronous).
///
/// Errors of every method: `outOfCapacity` when the disk below is full, `unavailable` when the file cannot be read or
/// written, `internal` when it holds what this version does not understand. A call that throws has changed nothing.
package struct Catalog: Sendable {
    let database: DatabasePool
    private let headroom: Headroom

    /// Opens or makes the catalog at `path` and brings its schema up to date.
    /// Throws `unavailable` if another process holds it or it was written by a newer version.
    package init(path: String) throws(StorageError) {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = 4
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA cache_size = -2048") }
        headroom = Headroom(path: path)
        do {
            database = try DatabasePool(path: path, configuration: configuration)
            try Self.makeCommitsDurable(database)
            let migrator = Schema.migrator
            guard try database.read({ try !migrator.hasBeenSuperseded($0) }) else {
                throw StorageError(
                    .unavailable, "the catalog \(path) was written by a newer version; install that version again")
            }
            try migrator.migrate(database)
            try database.writeWithoutTransaction { [headroom] writer in
                try headroom.keepLog(writer)
                try headroom.take(writer)
            }
        } catch {
            throw catalogError(error)
        }
    }

    /// GRDB sets `synchronous=NORMAL` on the one connection that writes when it turns WAL on, which is after
    /// `prepareDatabase`. With it a commit is in the file, but not on the disk.
    private static func makeCommitsDurable(_ database: DatabasePool) throws {
        let level = try database.writeWithoutTransaction { writer in
            try writer.execute(sql: "PRAGMA synchronous = FULL")
            return try Int.fetchOne(writer, sql: "PRAGMA synchronous")
        }
        guard level == 2 else { throw StorageError(.internal, "the catalog would not sync what it commits") }
    }

    /// Closes the file; every later call throws.
    package func close() throws(StorageError) {
        do { try database.close() } catch { throw catalogError(error) }
    }

    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws(StorageError)
        -> Value
    {
        do { return try await database.read(body) } catch { throw catalogError(error) }
    }

    /// Before something new is begun. Throws `outOfCapacity` if the disk is so full that only work which gives room back
    /// may begin.
    func makeHeadroom() async throws(StorageError) {
        do {
            try await database.writeWithoutTransaction { [headroom] writer in
                try headroom.requireRoom()
                try headroom.take(writer)
            }
        } catch {
            throw catalogError(error)
        }
    }

    /// One transaction. Unless it `outlivesPower`, it outlives this process and its kill at once, and a power cut only from
    /// the next one on that does.
    func write<Value: Sendable>(
        outlivesPower: Bool = true, _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StorageError) -> Value {
        // Detached from the caller's cancellation: a client that hangs up must not leave a journal entry unwritten.
        let work = Task { [database] in
            try await database.writeWithoutTransaction { writer in
                // In WAL mode a commit is not synced with NORMAL, and the file stays consistent
                // (https://www.sqlite.org/pragma.html#pragma_synchronous).
                try writer.execute(sql: "PRAGMA synchronous = \(outlivesPower ? "FULL" : "NORMAL")")
                return try Self.transaction(writer, body)
            }
        }
        do { return try await work.value } catch { throw catalogError(error) }
    }

    private static func transaction<Value>(_ writer: Database, _ body: (Database) throws -> Value) throws -> Value {
        var value: Value?
        try writer.inTransaction {
            value = try body(writer)
            return .commit
        }
        guard let value else { throw StorageError(.internal, "a transaction was committed without its work") }
        return value
    }
}

/// What SQLite or a row says, as the project's error; in one place.
private func catalogError(_ error: any Error) -> StorageError {
    switch error {
    case let error as StorageError: error
    case let error as DatabaseError where error.resultCode == .SQLITE_FULL:
        StorageError(
            .outOfCapacity, "the disk that holds the catalog is full; make room in the state directory", cause: error)
    case let error as DatabaseError
    where [.SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_BUSY].contains(error.resultCode):
        StorageError(
            .unavailable, "the catalog cannot be read or written: \(error.message ?? "input/output error")",
            cause: error)
    case let error as CocoaError:
        StorageError(
            .unavailable, "the catalog's files are not where they were; look at the state directory", cause: error)
    case is CancellationError: StorageError(.cancelled, "the work was cancelled")
    default: StorageError(.internal, "the catalog failed", cause: error)
    }
}
