import FoundationEssentials
import GRDB
import GRDBSQLite
import StorageCore

/// Room that the catalog holds in its own two files, so that work which gives room back (a delete) can be written down
/// when the disk below is full.
///
/// A commit goes to the write-ahead log, and a checkpoint from there to the database. Neither file shrinks: the log is
/// kept when the catalog is closed (SQLITE_FCNTL_PERSIST_WAL, https://www.sqlite.org/c3ref/c_fcntl_begin_atomic_write.html)
/// and written from its start again after a checkpoint, and pages of the database that are free stay in the file
/// (https://www.sqlite.org/fileformat2.html#the_freelist). So writing much once, and taking it out again, makes room in
/// both. On a filesystem that never overwrites in place (btrfs) this reserves nothing.
struct Headroom {
    /// What each of the two files holds; the log with room for the commits after the last checkpoint.
    private static let mebibytes: Int64 = 2
    /// After how many pages (of 4 KiB) the log is moved into the database.
    private static let checkpointPages = 400
    /// With less than this left on its disk, nothing new is begun: what is left is for taking things away.
    private static let floor = ByteCount.mebibytes(8)

    let path: String

    /// From now on the log is short, and stays when the catalog is closed. `writer` is the only connection that writes.
    func keepLog(_ writer: Database) throws {
        var isKept: CInt = 1
        let code = sqlite3_file_control(writer.sqliteConnection, nil, SQLITE_FCNTL_PERSIST_WAL, &isKept)
        guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
        try writer.execute(sql: "PRAGMA wal_autocheckpoint = \(Self.checkpointPages)")
    }

    /// Takes the room unless the catalog has it, outside of a transaction. A disk that is too full for it is no error.
    func take(_ writer: Database) throws {
        guard try isMissing(writer) else { return }
        do {
            try writer.inTransaction {
                // A crash may have left it.
                try writer.execute(sql: "DROP TABLE IF EXISTS headroom")
                try writer.execute(sql: "CREATE TABLE headroom (bytes BLOB)")
                for _ in 0..<Self.mebibytes {
                    try writer.execute(sql: "INSERT INTO headroom VALUES (randomblob(1048576))")
                }
                return .commit
            }
            try writer.execute(sql: "DROP TABLE headroom")
        } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL {
            return
        }
    }

    private func isMissing(_ writer: Database) throws -> Bool {
        let pageSize = try Int64.fetchOne(writer, sql: "PRAGMA page_size") ?? 0
        let free = try Int64.fetchOne(writer, sql: "PRAGMA freelist_count") ?? 0
        let log = try FileManager.default.attributesOfItem(atPath: "\(path)-wal")[.size] as? UInt64 ?? 0
        return free * pageSize < Self.mebibytes << 19 || log < Self.mebibytes << 20
    }

    /// Throws `outOfCapacity` if the disk is so full that only work that gives room back may begin.
    func requireRoom() throws {
        let directory = URL(filePath: path).deletingLastPathComponent().path
        let free = try FileManager.default.attributesOfFileSystem(forPath: directory)[.systemFreeSize] as? UInt64 ?? 0
        guard free < Self.floor.bytes else { return }
        throw StorageError(
            .outOfCapacity,
            "the disk of \(directory) has \(free >> 10) KiB left; nothing new is made until it has \(Self.floor)")
    }
}
