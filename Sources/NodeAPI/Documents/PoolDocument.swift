import StorageCore

/// A pool as `GET /v1/pools` shows it.
package struct PoolDocument: Hashable, Sendable, Codable {
    package var name: PoolName
    /// As the configuration names it: `loop`.
    package var backend: String
    /// Null, like `availableBytes`, while the pool does not answer; the condition says why.
    package var totalBytes: ByteCount?
    package var availableBytes: ByteCount?
    /// How many volumes the catalog has in it.
    package var volumes: Int
    /// What lies in the pool and is not ours, as an operator would name it. It is never touched.
    package var foreign: [String]
    package var condition: ConditionDocument

    package init(
        name: PoolName, backend: String, usage: PoolUsage?, volumes: Int, foreign: [String] = [],
        condition: Condition = .normal
    ) {
        self.name = name
        self.backend = backend
        totalBytes = usage?.total
        availableBytes = usage?.available
        self.volumes = volumes
        self.foreign = foreign
        self.condition = ConditionDocument(condition)
    }

    /// Written out so that what is not known is null, not absent.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(backend, forKey: .backend)
        try container.encode(totalBytes, forKey: .totalBytes)
        try container.encode(availableBytes, forKey: .availableBytes)
        try container.encode(volumes, forKey: .volumes)
        try container.encode(foreign, forKey: .foreign)
        try container.encode(condition, forKey: .condition)
    }
}
