import FoundationEssentials
import GRDB
import StorageCore

/// A change of the nouns that belongs into the same transaction as a move of the journal.
package enum CatalogChange: Sendable {
    case putVolume(Volume)
    case removeVolume(VolumeKey)
    case putSnapshot(Snapshot)
    case removeSnapshot(SnapshotKey)
}

/// A volume to be, before it has its export id.
package struct VolumeDraft: Sendable {
    package let id: VolumeID
    package let spec: VolumeSpec
    package let path: MountPath
    package let createdAt: Date
    /// Nil for its own.
    package let fsid: ExportFSID?

    package init(id: VolumeID, spec: VolumeSpec, path: MountPath, createdAt: Date, fsid: ExportFSID? = nil) {
        self.id = id
        self.spec = spec
        self.path = path
        self.createdAt = createdAt
        self.fsid = fsid
    }
}

extension Catalog {
    /// Writes a new volume (phase `creating`, with an export id nobody has) and the operation that makes it.
    /// `conflict` if the name is taken or another volume, which is named, has the same path; `outOfCapacity` when the
    /// disk is nearly full.
    package func begin(_ operation: Operation, creating draft: VolumeDraft) async throws(StorageError) -> Volume {
        try await makeHeadroom()
        return try await write { database in
            let volume = try insert(draft, in: .creating, database)
            try OperationRow(operation).insert(database)
            return volume
        }
    }

    /// Writes a volume whose storage and filesystem are there (phase `ready`, with an export id nobody has), and its snapshots.
    /// Errors as of `begin(_:creating:)`.
    package func restore(_ draft: VolumeDraft, snapshots: [Snapshot] = []) async throws(StorageError) -> Volume {
        try await makeHeadroom()
        return try await write { database in
            let volume = try insert(draft, in: .ready, database)
            for snapshot in snapshots { try SnapshotRow(snapshot).insert(database) }
            return volume
        }
    }

    /// Takes a volume back that `restore` has just written, and nothing else knows.
    package func takeBack(_ volume: Volume) async throws(StorageError) {
        try await write { database in try apply([.removeVolume(volume.key)], database) }
    }

    /// Writes an operation that is about to touch the world, with what it changes at once. `outOfCapacity` for a new
    /// snapshot when the disk is nearly full.
    package func begin(_ operation: Operation, _ changes: [CatalogChange] = []) async throws(StorageError) {
        if case .createSnapshot = operation.plan { try await makeHeadroom() }
        try await write { database in
            try apply(changes, database)
            try OperationRow(operation).insert(database)
        }
    }

    /// Writes how far the operation is, and what changed with it. A finished one stays for the record; the newest 1,000
    /// are kept.
    ///
    /// How far one is that has not ended outlives a kill, and need not outlive a power cut: that takes mounts and exports
    /// with it, and recovery from an earlier step does again, or undoes, what the later ones did.
    package func record(_ operation: Operation, _ changes: [CatalogChange] = []) async throws(StorageError) {
        try await write(outlivesPower: operation.isFinished || !changes.isEmpty) { database in
            try apply(changes, database)
            try OperationRow(operation).updateJournal(database)
            guard operation.isFinished else { return }
            try database.execute(
                sql: """
                    DELETE FROM operation WHERE endedAt IS NOT NULL
                    AND sequence <= (SELECT max(sequence) FROM operation) - 1000
                    """)
        }
    }

    /// Those that a crash, or a catalog that could not be written, left unfinished; oldest first.
    package func unfinishedOperations() async throws(StorageError) -> [Operation] {
        try await read { try OperationRow.unfinished($0) }
    }

    /// Newest first, `limit` at most.
    package func operations(limit: Int) async throws(StorageError) -> [Operation] {
        try await read { database in
            try OperationRow.order(Column("sequence").desc).limit(limit).fetchAll(database).map { try $0.operation() }
        }
    }

    package func operation(_ id: OperationID) async throws(StorageError) -> Operation? {
        try await read { try OperationRow.filter(Column("id") == id.value).fetchOne($0)?.operation() }
    }
}

extension OperationRow {
    static func unfinished(_ database: Database) throws -> [Operation] {
        try filter(["running", "undoing"].contains(Column("state"))).order(Column("sequence")).fetchAll(database)
            .map { try $0.operation() }
    }

    func updateJournal(_ database: Database) throws {
        try database.execute(
            sql: "UPDATE operation SET state = ?, cursor = ?, step = ?, failure = ?, endedAt = ? WHERE id = ?",
            arguments: [state, cursor, step, failure, endedAt, id])
    }
}

/// Throws `conflict` if its name or its path is taken.
private func insert(_ draft: VolumeDraft, in phase: Phase, _ database: Database) throws -> Volume {
    let key = draft.spec.key
    if try VolumeRow.fetch(key, database) != nil {
        throw StorageError(.conflict, "the volume \(key) exists already", resource: key.resource)
    }
    if let other = try VolumeRow.filter(Column("path") == draft.path.value).fetchOne(database) {
        throw StorageError(
            .conflict,
            "\(draft.path) is the path of the volume \(other.namespace)/\(other.name) already; choose another name",
            resource: key.resource)
    }
    var volume = Volume(
        creating: draft.spec, id: draft.id, exportID: try takeExportID(database), path: draft.path,
        createdAt: draft.createdAt, fsid: draft.fsid)
    volume.phase = phase
    try VolumeRow(volume).insert(database)
    // No part of the row: it is written once, and the row with every change.
    try database.execute(
        sql: "UPDATE volume SET createdWith = ? WHERE id = ?",
        arguments: [try json(VolumeSettings(of: volume)), volume.id.description])
    return volume
}

private func apply(_ changes: [CatalogChange], _ database: Database) throws {
    for change in changes {
        switch change {
        case .putVolume(let volume): try VolumeRow(volume).upsert(database)
        case .removeVolume(let key):
            try database.execute(
                sql: "DELETE FROM volume WHERE namespace = ? AND name = ?",
                arguments: [key.namespace.value, key.name.value])
        case .putSnapshot(let snapshot): try SnapshotRow(snapshot).upsert(database)
        case .removeSnapshot(let key):
            try database.execute(
                sql: "DELETE FROM snapshot WHERE namespace = ? AND volume = ? AND name = ?",
                arguments: [key.volume.namespace.value, key.volume.name.value, key.name.value])
        }
    }
}

/// The next number nobody has, going round: a handle of a volume that was just deleted never names a new one.
private func takeExportID(_ database: Database) throws -> ExportID {
    let last = try Int.fetchOne(database, sql: "SELECT last FROM exportCounter") ?? 0
    let holder = try database.cachedStatement(sql: "SELECT exportID FROM volume WHERE exportID = ?")
    for candidate in [last + 1..<65536, 1..<last + 1].lazy.joined() {
        guard try Int.fetchOne(holder, arguments: [candidate]) == nil, let id = ExportID(UInt16(candidate)) else {
            continue
        }
        try database.execute(sql: "UPDATE exportCounter SET last = ?", arguments: [candidate])
        return id
    }
    throw StorageError(.outOfCapacity, "all 65535 export ids of this node are taken; delete volumes")
}
