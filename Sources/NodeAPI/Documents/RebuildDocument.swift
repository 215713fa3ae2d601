import StorageCore

/// What `POST /v1/catalog/rebuild` did; of a dry run, what it would do.
package struct RebuildDocument: Hashable, Sendable, Codable {
    /// A volume that is in the catalog again. Nobody may mount it until its clients are named.
    package struct Restored: Hashable, Sendable, Codable {
        package var namespace: Namespace
        package var name: VolumeName
        package var id: VolumeID
        package var pool: PoolName
        package var filesystem: FilesystemKind
        package var capacityBytes: ByteCount
        package var snapshots: [SnapshotName]

        package init(
            key: VolumeKey, id: VolumeID, pool: PoolName, filesystem: FilesystemKind, capacity: ByteCount,
            snapshots: [SnapshotName]
        ) {
            namespace = key.namespace
            name = key.name
            self.id = id
            self.pool = pool
            self.filesystem = filesystem
            capacityBytes = capacity
            self.snapshots = snapshots
        }

        package var key: VolumeKey { VolumeKey(namespace: namespace, name: name) }
    }

    package struct Left: Hashable, Sendable, Codable {
        /// What is left as it was, as a path below /v1/.
        package var resource: String
        package var pool: PoolName
        package var reason: String

        package init(resource: String, pool: PoolName, reason: String) {
            self.resource = resource
            self.pool = pool
            self.reason = reason
        }
    }

    package var dryRun: Bool
    package var restored: [Restored]
    package var left: [Left]

    package init(dryRun: Bool, restored: [Restored], left: [Left]) {
        self.dryRun = dryRun
        self.restored = restored
        self.left = left
    }
}
