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
    /// Of its export.
    package let fsid: ExportFSID

    /// Without `fsid` it has its own, its UUID.
    package init(
        identity: VolumeIdentity, exportID: ExportID, pool: PoolName, filesystem: FilesystemKind, path: MountPath,
        capacity: ByteCount, squash: Squash, clients: [ClientRule], phase: Phase, condition: Condition = .normal,
        createdAt: Date, source: VolumeSource?, fsid: ExportFSID? = nil
    ) {
        self.identity = identity
        self.exportID = exportID
        self.pool = pool
        self.filesystem = filesystem
        self.path = path
        self.capacity = capacity
        self.squash = squash
        self.clients = clients
        self.phase = phase
        self.condition = condition
        self.createdAt = createdAt
        self.source = source
        self.fsid = fsid ?? .uuid(identity.id)
    }

    /// A volume that is to be made from `spec`.
    package init(
        creating spec: VolumeSpec, id: VolumeID, exportID: ExportID, path: MountPath, createdAt: Date,
        fsid: ExportFSID? = nil
    ) {
        self.init(
            identity: VolumeIdentity(id: id, key: spec.key), exportID: exportID, pool: spec.pool,
            filesystem: spec.filesystem, path: path, capacity: spec.capacity, squash: spec.squash,
            clients: spec.clients, phase: .creating, createdAt: createdAt, source: spec.source, fsid: fsid)
    }

    package var key: VolumeKey { identity.key }
    package var id: VolumeID { identity.id }

    /// What the NFS server is to show of it.
    package var export: Export { Export(id: exportID, fsid: fsid, path: path, squash: squash, clients: clients) }
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

    package init(
        key: SnapshotKey, origin: VolumeIdentity, pool: PoolName, filesystem: FilesystemKind, capacity: ByteCount,
        createdAt: Date, isReady: Bool
    ) {
        self.key = key
        self.origin = origin
        self.pool = pool
        self.filesystem = filesystem
        self.capacity = capacity
        self.createdAt = createdAt
        self.isReady = isReady
    }

    /// A snapshot of the volume as it is now.
    package init(key: SnapshotKey, of volume: Volume, createdAt: Date, isReady: Bool) {
        self.init(
            key: key, origin: volume.identity, pool: volume.pool, filesystem: volume.filesystem,
            capacity: volume.capacity, createdAt: createdAt, isReady: isReady)
    }

    package var reference: SnapshotReference { SnapshotReference(volume: origin, name: key.name) }
}
