import FoundationEssentials
import GRDB
import StorageCore

extension Catalog {
    package func volume(_ key: VolumeKey) async throws(StorageError) -> Volume? {
        try await read { try VolumeRow.fetch(key, $0)?.volume() }
    }

    /// In order of namespace and name, those after `after`, `limit` at most.
    package func volumes(
        in namespace: Namespace? = nil, after: VolumeKey? = nil, limit: Int = .max
    ) async throws(StorageError) -> [Volume] {
        try await read { try VolumeRow.volumes(in: namespace, after: after, limit: limit, $0) }
    }

    /// All volumes, and the operations that have not ended, as they were at one moment.
    package func volumesAndUnfinishedOperations() async throws(StorageError) -> ([Volume], [Operation]) {
        try await read { (try VolumeRow.volumes($0), try OperationRow.unfinished($0)) }
    }

    /// What the volume was made with, whatever was changed since; nil if there is no such volume.
    package func settings(createdWith key: VolumeKey) async throws(StorageError) -> VolumeSettings? {
        try await read { database in
            let text = try String.fetchOne(
                database, sql: "SELECT createdWith FROM volume WHERE namespace = ? AND name = ?",
                arguments: [key.namespace.value, key.name.value])
            return try text.map { try value(VolumeSettings.self, of: $0) }
        }
    }

    package func volumeCounts() async throws(StorageError) -> [PoolName: Int] {
        try await read { database in
            let rows = try Row.fetchAll(database, sql: "SELECT pool, count(*) AS volumes FROM volume GROUP BY pool")
            return try Dictionary(uniqueKeysWithValues: rows.map { (try PoolName($0["pool"]), $0["volumes"]) })
        }
    }

    /// Says why the volume is not as it should be, or that it is. Idempotent; one that is gone, or in another phase by now, is left alone.
    package func setCondition(
        _ condition: Condition, of key: VolumeKey, while phase: Phase
    ) async throws(StorageError) {
        try await write { database in
            try database.execute(
                sql: "UPDATE volume SET abnormal = ? WHERE namespace = ? AND name = ? AND phase = ?",
                arguments: [
                    condition.abnormal ? condition.message : nil, key.namespace.value, key.name.value, phase.rawValue,
                ])
        }
    }

    package func snapshot(_ key: SnapshotKey) async throws(StorageError) -> Snapshot? {
        try await read { database in
            try SnapshotRow.fetchOne(
                database,
                key: [
                    "namespace": key.volume.namespace.value, "volume": key.volume.name.value, "name": key.name.value,
                ])?.snapshot()
        }
    }

    /// In order of their names.
    package func snapshots(of key: VolumeKey) async throws(StorageError) -> [Snapshot] {
        try await read { try SnapshotRow.fetchAll(of: key, $0) }
    }

    /// Those that are being taken, or are left of ones that failed.
    package func unreadySnapshots() async throws(StorageError) -> [Snapshot] {
        try await read { try SnapshotRow.filter(Column("isReady") == false).fetchAll($0).map { try $0.snapshot() } }
    }

    package func allSnapshots() async throws(StorageError) -> [Snapshot] {
        try await read { try SnapshotRow.fetchAll($0).map { try $0.snapshot() } }
    }
}

extension VolumeRow {
    static func fetch(_ key: VolumeKey, _ database: Database) throws -> VolumeRow? {
        try fetchOne(database, key: ["namespace": key.namespace.value, "name": key.name.value])
    }

    static func volumes(
        in namespace: Namespace? = nil, after: VolumeKey? = nil, limit: Int = .max, _ database: Database
    ) throws -> [Volume] {
        var request = order(Column("namespace"), Column("name")).limit(limit)
        if let namespace { request = request.filter(Column("namespace") == namespace.value) }
        if let after {
            let (space, name) = (after.namespace.value, after.name.value)
            request = request.filter(sql: "(namespace, name) > (?, ?)", arguments: [space, name])
        }
        // Most volumes have the same clients, and reading them takes longer than all the rest of a row.
        var clients: [String: [ClientRule]] = [:]
        return try request.fetchAll(database).map { row in
            let volume = try row.volume(clients: clients[row.clients])
            clients[row.clients] = volume.clients
            return volume
        }
    }
}

extension SnapshotRow {
    static func fetchAll(of key: VolumeKey, _ database: Database) throws -> [Snapshot] {
        try filter(Column("namespace") == key.namespace.value && Column("volume") == key.name.value)
            .order(Column("name")).fetchAll(database).map { try $0.snapshot() }
    }
}
