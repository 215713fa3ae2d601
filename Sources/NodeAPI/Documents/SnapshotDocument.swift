import StorageCore

/// A snapshot as `GET /v1/volumes/{namespace}/{name}/snapshots` shows it.
package struct SnapshotDocument: Hashable, Sendable, Codable {
    package var namespace: Namespace
    package var volume: VolumeName
    package var name: SnapshotName
    package var pool: PoolName
    package var filesystem: FilesystemKind
    /// Of the volume when it was taken; the least size of a clone.
    package var capacityBytes: ByteCount
    package var createdAt: Timestamp
    /// False while it is being taken.
    package var ready: Bool

    package init(_ snapshot: Snapshot) {
        namespace = snapshot.key.volume.namespace
        volume = snapshot.key.volume.name
        name = snapshot.key.name
        pool = snapshot.pool
        filesystem = snapshot.filesystem
        capacityBytes = snapshot.capacity
        createdAt = Timestamp(snapshot.createdAt)
        ready = snapshot.isReady
    }

    package var key: SnapshotKey {
        SnapshotKey(volume: VolumeKey(namespace: namespace, name: volume), name: name)
    }
}
