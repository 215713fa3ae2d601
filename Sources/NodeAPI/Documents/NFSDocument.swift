import StorageCore

/// How clients mount a volume, and which may.
package struct NFSDocument: Hashable, Sendable, Codable {
    /// The configured address of the service; never that of the node that happens to answer.
    package var server: String
    package var path: String
    package var squash: Squash
    package var clients: [ClientDocument]
    package var mountOptions: [String]
}

/// What a node says of its NFS service, the same for all its volumes.
package struct NFSService: Hashable, Sendable {
    package let server: String
    /// `nfsvers=3`, `proto=tcp`…, and the ports where they are not the standard ones.
    package let mountOptions: [String]

    /// Ports of NFSv3 and its mount protocol as nfs(5) expects them when no option names them (mountd's is this
    /// project's default, which rpcbind announces as well).
    package static let standardPort: UInt16 = 2049
    package static let standardMountdPort: UInt16 = 20048

    /// `mountOptions` as configured; ports that are not the standard ones are added unless an option names them
    /// already.
    package init(
        server: String, port: UInt16 = standardPort, mountdPort: UInt16 = standardMountdPort, mountOptions: [String]
    ) {
        self.server = server
        var options = mountOptions
        if port != Self.standardPort, !options.contains(where: { $0.hasPrefix("port=") }) {
            options.append("port=\(port)")
        }
        let isVersion4 = options.contains { $0.hasPrefix("nfsvers=4") || $0.hasPrefix("vers=4") }
        if mountdPort != Self.standardMountdPort, !isVersion4,
            !options.contains(where: { $0.hasPrefix("mountport=") })
        {
            options.append("mountport=\(mountdPort)")
        }
        self.mountOptions = options
    }
}
