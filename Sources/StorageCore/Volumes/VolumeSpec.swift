/// What a volume is made from, other than nothing.
package enum VolumeSource: Hashable, Sendable, Codable {
    case snapshot(SnapshotKey)
    case volume(VolumeKey)

    /// The volume whose storage is read.
    package var origin: VolumeKey {
        switch self {
        case .snapshot(let key): key.volume
        case .volume(let key): key
        }
    }
}

/// What a caller asks for. Valid by construction: names are labels, clients are in order, the capacity is a multiple
/// of `granularity` and large enough for the filesystem.
package struct VolumeSpec: Hashable, Sendable, Codable {
    /// Capacities are rounded up to this.
    package static let granularity = ByteCount.mebibytes(1)

    package let key: VolumeKey
    package let capacity: ByteCount
    package let pool: PoolName
    package let filesystem: FilesystemKind
    package let squash: Squash
    package let clients: [ClientRule]
    package let source: VolumeSource?

    /// Throws `invalidArgument` naming what is wrong, before anything is touched.
    package init(
        key: VolumeKey, capacity: ByteCount, pool: PoolName, filesystem: FilesystemKind, squash: Squash = .none,
        clients: [ClientRule] = [], source: VolumeSource? = nil
    ) throws(StorageError) {
        let rounded = try capacity.roundedUp(to: Self.granularity)
        do throws(StorageError) { try filesystem.admit(rounded) } catch { throw error.about(key.resource) }
        self.key = key
        self.capacity = rounded
        self.pool = pool
        self.filesystem = filesystem
        self.squash = squash
        self.clients = try ClientRule.normalized(clients)
        self.source = source
    }
}
