import StorageCore

/// A volume as `GET /v1/volumes/{namespace}/{name}` shows it.
package struct VolumeDocument: Hashable, Sendable, Codable {
    package var namespace: Namespace
    package var name: VolumeName
    package var id: VolumeID
    package var pool: PoolName
    package var filesystem: FilesystemKind
    package var capacityBytes: ByteCount
    /// Null while the volume is not mounted, or where it was not asked for.
    package var usedBytes: ByteCount?
    /// What it takes in its pool, with its snapshots. Null where the pool cannot say it, and in all answers but that to
    /// `GET` of the volume.
    package var storedBytes: ByteCount?
    package var phase: Phase
    package var condition: ConditionDocument
    package var createdAt: Timestamp
    /// Null for a volume that was made empty.
    package var source: SourceDocument?
    package var nfs: NFSDocument

    package init(_ volume: Volume, usedBytes: ByteCount?, service: NFSService) {
        namespace = volume.key.namespace
        name = volume.key.name
        id = volume.id
        pool = volume.pool
        filesystem = volume.filesystem
        capacityBytes = volume.capacity
        self.usedBytes = usedBytes
        phase = volume.phase
        condition = ConditionDocument(volume.condition)
        createdAt = Timestamp(volume.createdAt)
        source = volume.source.map(SourceDocument.init)
        nfs = NFSDocument(
            server: service.server, path: volume.path.value, squash: volume.squash,
            clients: volume.clients.map(ClientDocument.init), mountOptions: service.mountOptions)
    }

    package var key: VolumeKey { VolumeKey(namespace: namespace, name: name) }

    /// Written out so that what is not known is null, not absent.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(namespace, forKey: .namespace)
        try container.encode(name, forKey: .name)
        try container.encode(id, forKey: .id)
        try container.encode(pool, forKey: .pool)
        try container.encode(filesystem, forKey: .filesystem)
        try container.encode(capacityBytes, forKey: .capacityBytes)
        try container.encode(usedBytes, forKey: .usedBytes)
        try container.encode(storedBytes, forKey: .storedBytes)
        try container.encode(phase, forKey: .phase)
        try container.encode(condition, forKey: .condition)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(source, forKey: .source)
        try container.encode(nfs, forKey: .nfs)
    }
}
