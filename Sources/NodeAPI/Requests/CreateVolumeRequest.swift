import StorageCore

/// `POST /v1/volumes`.
package struct CreateVolumeRequest: Hashable, Sendable, Encodable {
    package var key: VolumeKey
    package var capacity: ByteCount
    /// Nil leaves the choice to the server, as it does for the two below.
    package var pool: PoolName?
    package var filesystem: FilesystemKind?
    package var squash: Squash?
    package var clients: [ClientRule]
    package var source: VolumeSource?

    package init(
        key: VolumeKey, capacity: ByteCount, pool: PoolName? = nil, filesystem: FilesystemKind? = nil,
        squash: Squash? = nil, clients: [ClientRule] = [], source: VolumeSource? = nil
    ) {
        self.key = key
        self.capacity = capacity
        self.pool = pool
        self.filesystem = filesystem
        self.squash = squash
        self.clients = clients
        self.source = source
    }

    /// From a request's body, strictly; see `RequestReader`. A missing `clients` is nobody.
    package init(body: [UInt8]) throws(StorageError) {
        let known =
            ["namespace", "name"] + RequestReader.sizeKeys + ["pool", "filesystem", "squash", "clients", "source"]
        let reader = try RequestReader(body: body, allowed: known)
        key = try reader.volumeKey(name: "name")
        capacity = try reader.required(
            "capacityBytes", try reader.capacity(), "it, or size with a quantity like \"10Gi\"")
        pool = try reader.value("pool") { (text) throws(StorageError) in try PoolName(text) }
        filesystem = try reader.choice("filesystem", of: FilesystemKind.self)
        squash = try reader.choice("squash", of: Squash.self)
        clients = try reader.clients() ?? []
        source = try reader.source()
    }

    /// What the façade is asked for; the defaults stand in for what the request leaves open. A copy must have its
    /// origin's pool and filesystem, so for a request with a `source` the caller passes those.
    package func spec(
        defaultPool: PoolName, defaultFilesystem: FilesystemKind = .xfs, defaultSquash: Squash = .none
    ) throws(StorageError) -> VolumeSpec {
        try VolumeSpec(
            key: key, capacity: capacity, pool: pool ?? defaultPool, filesystem: filesystem ?? defaultFilesystem,
            squash: squash ?? defaultSquash, clients: clients, source: source)
    }

    private enum CodingKeys: String, CodingKey {
        case namespace, name, capacityBytes, pool, filesystem, squash, clients, source
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(key.namespace, forKey: .namespace)
        try container.encode(key.name, forKey: .name)
        try container.encode(capacity, forKey: .capacityBytes)
        try container.encodeIfPresent(pool, forKey: .pool)
        try container.encodeIfPresent(filesystem, forKey: .filesystem)
        try container.encodeIfPresent(squash, forKey: .squash)
        try container.encode(clients.map(ClientDocument.init), forKey: .clients)
        try container.encodeIfPresent(source.map(SourceDocument.init), forKey: .source)
    }
}
