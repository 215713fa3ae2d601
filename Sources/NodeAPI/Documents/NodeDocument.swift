import StorageCore

/// The node as `GET /v1/node` shows it.
package struct NodeDocument: Hashable, Sendable, Codable {
    package struct NFS: Hashable, Sendable, Codable {
        /// `kernel`, `ganesha` or `simulated`.
        package var server: String
        /// What clients mount.
        package var address: String
        package var port: UInt16
        package var mountdPort: UInt16

        package init(server: String, address: String, port: UInt16, mountdPort: UInt16) {
            self.server = server
            self.address = address
            self.port = port
            self.mountdPort = mountdPort
        }
    }

    package var name: String
    /// Of the daemon.
    package var version: String
    package var startedAt: Timestamp
    package var uptimeSeconds: Int64
    package var nfs: NFS
    /// Names only; `GET /v1/pools` has the rest.
    package var pools: [PoolName]
    /// Nil on a node of a pair that does not serve.
    package var volumes: Int?

    package init(
        name: String, version: String, startedAt: Timestamp, uptimeSeconds: Int64, nfs: NFS, pools: [PoolName],
        volumes: Int?
    ) {
        self.name = name
        self.version = version
        self.startedAt = startedAt
        self.uptimeSeconds = uptimeSeconds
        self.nfs = nfs
        self.pools = pools
        self.volumes = volumes
    }
}
