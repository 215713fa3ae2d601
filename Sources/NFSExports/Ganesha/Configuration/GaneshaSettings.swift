import StorageCore

/// How the NFS server is to be run. A running server that was started with other settings is restarted by the next
/// `serve`.
package struct GaneshaSettings: Hashable, Sendable, Codable {
    package enum Version: Int, Hashable, Sendable, Codable, CaseIterable, Comparable {
        case v3 = 3
        case v4 = 4

        package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
    }

    package var nfsPort: UInt16
    package var mountdPort: UInt16
    package var lockManagerPort: UInt16
    package var versions: Set<Version>
    /// Of NFSv4: 0, 1, 2.
    package var minorVersions: Set<UInt8>
    /// NFSv3 over UDP too.
    package var udp: Bool
    /// In seconds: how long a client of NFSv4 may be silent. 1...120 (ganesha-core-config(8)).
    package var leaseSeconds: UInt8
    /// In seconds: how long after a restart clients may reclaim their locks, and nobody may take new ones. 1...180.
    package var graceSeconds: UInt8
    /// Clients reclaim locks only from a server of the same scope (RFC 8881, section 2.10.4), so it belongs to the
    /// service and not to the host that it runs on.
    package var serverScope: String

    /// Throws `invalidArgument` naming the setting that cannot be.
    package init(
        nfsPort: UInt16 = 2049, mountdPort: UInt16 = 20048, lockManagerPort: UInt16 = 20049,
        versions: Set<Version> = [.v3, .v4], minorVersions: Set<UInt8> = [0, 1, 2], udp: Bool = true,
        leaseSeconds: UInt8 = 15, graceSeconds: UInt8 = 20, serverScope: String = "convert2nfs"
    ) throws(StorageError) {
        self.nfsPort = nfsPort
        self.mountdPort = mountdPort
        self.lockManagerPort = lockManagerPort
        self.versions = versions
        self.minorVersions = minorVersions
        self.udp = udp
        self.leaseSeconds = leaseSeconds
        self.graceSeconds = graceSeconds
        self.serverScope = serverScope
        if let flaw { throw StorageError(.invalidArgument, "the NFS server's settings: \(flaw)") }
    }

    private var flaw: String? {
        let ports = [nfsPort, mountdPort, lockManagerPort]
        if ports.contains(0) { return "a port is 0; use 1 to 65535" }
        if Set(ports).count < ports.count { return "two of the ports \(ports) are the same" }
        if versions.isEmpty { return "no NFS version is chosen; use 3, 4 or both" }
        if versions.contains(.v4) && minorVersions.isEmpty { return "NFSv4 has no minor version; use 0, 1 or 2" }
        if minorVersions.contains(where: { $0 > 2 }) { return "the minor versions of NFSv4 are 0, 1 and 2" }
        if !(1...120).contains(leaseSeconds) { return "the lease is \(leaseSeconds) s; use 1 to 120" }
        if !(1...180).contains(graceSeconds) { return "the grace period is \(graceSeconds) s; use 1 to 180" }
        let isPlain = serverScope.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                || [0x2D, 0x2E, 0x5F].contains($0)
        }
        if serverScope.isEmpty || serverScope.utf8.count > 255 || !isPlain {
            return "the server scope \"\(serverScope)\" is not 1 to 255 letters, digits, '.', '_' and '-'"
        }
        return nil
    }
}
