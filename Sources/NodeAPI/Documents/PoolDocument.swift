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
    /// Copies that share data with their sources yet, which does not show but in what a removed source gives back.
    package var copies: [CopyDocument]
    package var condition: ConditionDocument

    package init(
        name: PoolName, backend: String, usage: PoolUsage?, volumes: Int, foreign: [String] = [],
        copies: [VolumeKey: CopyProgress] = [:], condition: Condition = .normal
    ) {
        self.name = name
        self.backend = backend
        totalBytes = usage?.total
        availableBytes = usage?.available
        self.volumes = volumes
        self.foreign = foreign
        self.copies = copies.sorted { $0.key < $1.key }.map(CopyDocument.init)
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
        try container.encode(copies, forKey: .copies)
        try container.encode(condition, forKey: .condition)
    }
}

/// How far a copy is on its way to stand on its own.
package struct CopyDocument: Hashable, Sendable, Codable {
    package var namespace: Namespace
    package var name: VolumeName
    package var doneBytes: ByteCount
    package var totalBytes: ByteCount

    init(_ key: VolumeKey, _ progress: CopyProgress) {
        namespace = key.namespace
        name = key.name
        doneBytes = progress.done
        totalBytes = progress.total
    }
}
