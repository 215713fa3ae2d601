import FoundationEssentials
import NodeAPI
import StorageCore

/// What a node says of itself; it does not change while the daemon runs.
package struct NodeFacts: Sendable {
    package let name: String
    package let version: String
    package let startedAt: Date
    package let nfs: NodeDocument.NFS
    package let pools: [PoolName]
    /// What manifests and volume documents tell clients.
    package let service: NFSService

    package init(
        name: String, version: String, startedAt: Date, nfs: NodeDocument.NFS, pools: [PoolName], service: NFSService
    ) {
        self.name = name
        self.version = version
        self.startedAt = startedAt
        self.nfs = nfs
        self.pools = pools
        self.service = service
    }
}
