/// One page of volumes; `continue` is absent on the last one, and is to be sent back as it is.
package struct VolumeListDocument: Hashable, Sendable, Codable {
    package var volumes: [VolumeDocument]
    package var `continue`: String?

    package init(volumes: [VolumeDocument], continue token: String? = nil) {
        self.volumes = volumes
        `continue` = token
    }
}

package struct SnapshotListDocument: Hashable, Sendable, Codable {
    package var snapshots: [SnapshotDocument]
    package init(snapshots: [SnapshotDocument]) { self.snapshots = snapshots }
}

package struct PoolListDocument: Hashable, Sendable, Codable {
    package var pools: [PoolDocument]
    package init(pools: [PoolDocument]) { self.pools = pools }
}

package struct OperationListDocument: Hashable, Sendable, Codable {
    package var operations: [OperationDocument]
    package init(operations: [OperationDocument]) { self.operations = operations }
}
