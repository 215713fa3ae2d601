import FoundationEssentials
import GRDB
import StorageCore

/// A volume as its row; `Volume` itself knows nothing of tables.
struct VolumeRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "volume"

    var namespace: String
    var name: String
    var id: String
    var exportID: Int
    var path: String
    var pool: String
    var filesystem: String
    var capacity: Int64
    var squash: String
    var clients: String
    var phase: String
    var abnormal: String?
    var createdAt: Double
    var source: String?
    /// Nil for its own, the id.
    var fsid: String?

    init(_ volume: Volume) throws {
        namespace = volume.key.namespace.value
        name = volume.key.name.value
        id = volume.id.description
        exportID = Int(volume.exportID.value)
        path = volume.path.value
        pool = volume.pool.value
        filesystem = volume.filesystem.rawValue
        capacity = volume.capacity.bytes
        squash = volume.squash.rawValue
        clients = try json(volume.clients)
        phase = volume.phase.rawValue
        abnormal = volume.condition.abnormal ? volume.condition.message : nil
        createdAt = volume.createdAt.timeIntervalSince1970
        source = try volume.source.map(json)
        fsid = volume.fsid == .uuid(volume.id) ? nil : volume.fsid.description
    }

    /// Not by way of Codable, which takes longer than all the rest of reading a volume.
    init(row: Row) throws {
        namespace = try row.decode(forColumn: "namespace")
        name = try row.decode(forColumn: "name")
        id = try row.decode(forColumn: "id")
        exportID = try row.decode(forColumn: "exportID")
        path = try row.decode(forColumn: "path")
        pool = try row.decode(forColumn: "pool")
        filesystem = try row.decode(forColumn: "filesystem")
        capacity = try row.decode(forColumn: "capacity")
        squash = try row.decode(forColumn: "squash")
        clients = try row.decode(forColumn: "clients")
        phase = try row.decode(forColumn: "phase")
        abnormal = try row.decode(forColumn: "abnormal")
        createdAt = try row.decode(forColumn: "createdAt")
        source = try row.decode(forColumn: "source")
        fsid = try row.decode(forColumn: "fsid")
    }

    /// `clients` is what the text of that name holds, where the caller knows it.
    func volume(clients known: [ClientRule]? = nil) throws -> Volume {
        let key = try VolumeKey(namespace, name)
        guard let id = VolumeID(id), let number = UInt16(exactly: exportID), let export = ExportID(number) else {
            throw StorageError(.internal, "the catalog's row of \(key) has an impossible id", resource: key.resource)
        }
        return Volume(
            identity: VolumeIdentity(id: id, key: key), exportID: export, pool: try PoolName(pool),
            filesystem: try recognised(filesystem), path: MountPath(path), capacity: ByteCount(capacity),
            squash: try recognised(squash), clients: try known ?? value([ClientRule].self, of: clients),
            phase: try recognised(phase),
            condition: abnormal.map(Condition.abnormal) ?? .normal, createdAt: Date(timeIntervalSince1970: createdAt),
            source: try source.map { try value(VolumeSource.self, of: $0) }, fsid: try fsid.map(Self.fsid))
    }

    private static func fsid(_ text: String) throws -> ExportFSID {
        guard let fsid = ExportFSID(text) else {
            throw StorageError(.internal, "the catalog holds \"\(text)\", which is no fsid")
        }
        return fsid
    }
}

struct SnapshotRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "snapshot"

    var namespace: String
    var volume: String
    var name: String
    var originID: String
    var pool: String
    var filesystem: String
    var capacity: Int64
    var createdAt: Double
    var isReady: Bool

    init(_ snapshot: Snapshot) {
        namespace = snapshot.key.volume.namespace.value
        volume = snapshot.key.volume.name.value
        name = snapshot.key.name.value
        originID = snapshot.origin.id.description
        pool = snapshot.pool.value
        filesystem = snapshot.filesystem.rawValue
        capacity = snapshot.capacity.bytes
        createdAt = snapshot.createdAt.timeIntervalSince1970
        isReady = snapshot.isReady
    }

    func snapshot() throws -> Snapshot {
        let key = SnapshotKey(volume: try VolumeKey(namespace, volume), name: try SnapshotName(name))
        guard let id = VolumeID(originID) else {
            throw StorageError(.internal, "the catalog's row of \(key) has an impossible id", resource: key.resource)
        }
        return Snapshot(
            key: key, origin: VolumeIdentity(id: id, key: key.volume), pool: try PoolName(pool),
            filesystem: try recognised(filesystem), capacity: ByteCount(capacity),
            createdAt: Date(timeIntervalSince1970: createdAt), isReady: isReady)
    }
}

struct OperationRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "operation"

    var id: String
    var namespace: String
    var name: String
    var volumeID: String
    var plan: String
    var state: String
    var cursor: Int
    var step: String
    var failure: String?
    var startedAt: Double
    var endedAt: Double?

    init(_ operation: Operation) throws {
        id = operation.id.value
        namespace = operation.subject.namespace.value
        name = operation.subject.name.value
        volumeID = operation.volume.id.description
        plan = try json(operation.plan)
        state = operation.state.rawValue
        cursor = operation.cursor
        step = operation.step
        failure = try operation.failure.map(json)
        startedAt = operation.startedAt.timeIntervalSince1970
        endedAt = operation.endedAt?.timeIntervalSince1970
    }

    func operation() throws -> Operation {
        let subject = try VolumeKey(namespace, name)
        guard let volumeID = VolumeID(volumeID) else {
            throw StorageError(.internal, "the journal's row \(id) has an impossible id", resource: subject.resource)
        }
        var operation = Operation(
            id: OperationID(id), volume: VolumeIdentity(id: volumeID, key: subject),
            plan: try value(OperationPlan.self, of: plan), step: step, startedAt: Date(timeIntervalSince1970: startedAt)
        )
        operation.state = try recognised(state)
        operation.cursor = cursor
        operation.failure = try failure.map { try value(Operation.Failure.self, of: $0) }
        operation.endedAt = endedAt.map { Date(timeIntervalSince1970: $0) }
        return operation
    }
}

func json(_ value: some Encodable) throws -> String {
    String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
}

func value<Value: Decodable>(_ type: Value.Type, of text: String) throws -> Value {
    try JSONDecoder().decode(type, from: Data(text.utf8))
}

private func recognised<Value: RawRepresentable<String>>(_ text: String) throws -> Value {
    guard let value = Value(rawValue: text) else {
        throw StorageError(.internal, "the catalog holds \"\(text)\", which this version does not know")
    }
    return value
}
