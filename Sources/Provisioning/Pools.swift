import StorageCore

/// A pool as the node was configured with it.
package struct Pool: Sendable {
    package let name: PoolName
    package let backend: any StorageBackend
    /// As configurations call it: `loop`.
    package let kind: String
    /// Nil where nothing of others can become a volume's.
    package let adopter: (any VolumeAdopter)?
    /// Nil where a snapshot cannot be read at little cost.
    package let reader: (any SnapshotReader)?
    /// Nil where there is nothing to do beside what is asked.
    package let maintenance: (any PoolMaintenance)?
    /// How often filesystems are made to give back what they have freed; nil for never, as where the pool keeps it for them.
    package let trimInterval: Duration?

    package init(
        name: PoolName, backend: any StorageBackend, kind: String, adopter: (any VolumeAdopter)? = nil,
        reader: (any SnapshotReader)? = nil, maintenance: (any PoolMaintenance)? = nil,
        trimInterval: Duration? = nil
    ) {
        self.name = name
        self.backend = backend
        self.kind = kind
        self.adopter = adopter
        self.reader = reader
        self.maintenance = maintenance
        self.trimInterval = trimInterval
    }
}

/// The node's pools; the first is the default.
package struct Pools: Sendable {
    package let all: [Pool]

    /// Throws `invalidArgument` if there is none or a name comes twice.
    package init(_ pools: [Pool]) throws(StorageError) {
        guard !pools.isEmpty else { throw StorageError(.invalidArgument, "at least one pool is needed") }
        guard Set(pools.map(\.name)).count == pools.count else {
            throw StorageError(.invalidArgument, "two pools have the same name")
        }
        all = pools
    }

    package var standard: PoolName { all[0].name }

    /// Throws `notFound` naming the pools there are.
    package subscript(name: PoolName) -> Pool {
        get throws(StorageError) {
            guard let pool = all.first(where: { $0.name == name }) else {
                let names = all.map(\.name.value).joined(separator: ", ")
                throw StorageError(
                    .notFound, "there is no pool \(name) on this node; it has: \(names)", resource: "pools/\(name)")
            }
            return pool
        }
    }

    /// The pool that holds the volume. Throws `unavailable` if the configuration does not name it any more: what is mounted
    /// of it is served on, and nothing that needs the pool can be done.
    package func holding(_ volume: Volume) throws(StorageError) -> Pool {
        guard let pool = all.first(where: { $0.name == volume.pool }) else {
            throw StorageError(
                .unavailable,
                "the volume \(volume.key) is in the pool \(volume.pool), which the configuration does not name; "
                    + "name it in pools again, with the directory it had, restart the daemon, and ask again",
                resource: volume.key.resource)
        }
        return pool
    }
}
