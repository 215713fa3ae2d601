import FoundationEssentials

/// A volume as the catalog knows it.
package struct Volume: Hashable, Sendable, Codable {
    package let identity: VolumeIdentity
    package let exportID: ExportID
    package let pool: PoolName
    package let filesystem: FilesystemKind
    package let path: MountPath
    package var capacity: ByteCount
    package var squash: Squash
    package var clients: [ClientRule]
    package var phase: Phase
    package var condition: Condition
    package let createdAt: Date
    package let source: VolumeSource?

    package init(
        identity: VolumeIdentity, exportID: ExportID, spec: VolumeSpec, path: MountPath, phase: Phase, createdAt: Date
    ) {
        self.identity = identity
        self.exportID = exportID
        pool = spec.pool
        filesystem = spec.filesystem
        self.path = path
        capacity = spec.capacity
        squash = spec.squash
        clients = spec.clients
        self.phase = phase
        condition = .normal
        self.createdAt = createdAt
        source = spec.source
    }

    package var key: VolumeKey { identity.key }
    package var id: VolumeID { identity.id }

    /// What the NFS server is to show of it.
    package var export: Export { Export(id: exportID, fsid: id, path: path, squash: squash, clients: clients) }
}

/// A snapshot as the catalog knows it.
package struct Snapshot: Hashable, Sendable, Codable {
    package let key: SnapshotKey
    /// Of the volume it was taken from, as it was then.
    package let origin: VolumeIdentity
    package let pool: PoolName
    package let filesystem: FilesystemKind
    package let capacity: ByteCount
    package let createdAt: Date
    /// False while it is being taken.
    package var isReady: Bool

    package init(key: SnapshotKey, of volume: Volume, createdAt: Date, isReady: Bool) {
        self.key = key
        origin = volume.identity
        pool = volume.pool
        filesystem = volume.filesystem
        capacity = volume.capacity
        self.createdAt = createdAt
        self.isReady = isReady
    }

    package var reference: SnapshotReference { SnapshotReference(volume: origin, name: key.name) }
}
