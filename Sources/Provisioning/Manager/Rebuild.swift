import StorageCore

/// What became of the storage of ours that the pools hold and the catalog did not know.
package struct Rebuild: Sendable, Hashable {
    /// A volume that is in the catalog again; of a dry run, one that would be.
    package struct Restored: Sendable, Hashable {
        package let key: VolumeKey
        package let id: VolumeID
        package let pool: PoolName
        package let filesystem: FilesystemKind
        package let capacity: ByteCount
        package let snapshots: [SnapshotName]
    }

    /// What is left as it was, and why.
    package struct Left: Sendable, Hashable {
        /// As a path below /v1/: a volume, a snapshot, or a pool that does not answer.
        package let resource: String
        package let pool: PoolName
        package let reason: String
    }

    package internal(set) var restored: [Restored] = []
    package internal(set) var left: [Left] = []

    mutating func leave(_ resource: String, in pool: PoolName, _ reason: String) {
        left.append(Left(resource: resource, pool: pool, reason: reason))
    }
}
