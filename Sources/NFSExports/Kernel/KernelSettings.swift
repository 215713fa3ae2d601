import StorageCore

/// How the kernel's NFS server is to be run. One that runs with other settings is restarted by the next `serve`.
package struct KernelSettings: Hashable, Sendable {
    package var nfsPort: UInt16
    package var mountdPort: UInt16
    package var lockManagerPort: UInt16
    package var statusMonitorPort: UInt16
    package var threads: Int
    /// How long a client of NFSv4 may be silent.
    package var leaseSeconds: Int
    /// How long after a start clients may reclaim their locks, and nobody may take new ones.
    package var graceSeconds: Int
    /// Of a server that moves between the nodes of a pair.
    package var pair: Pair?

    /// What both nodes of a pair have in common, so that clients of NFSv4 find the same server again (RFC 8881, sections 2.10.4 and 8.4.2).
    package struct Pair: Hashable, Sendable {
        /// The server's scope, which the kernel takes from the name of the machine.
        package var scope: String
        /// The directory of what moves with the data.
        package var volume: String
        /// That is a volume of its own, mounted while the service is up.
        package var isMounted: Bool

        package init(scope: String, volume: String, isMounted: Bool) {
            self.scope = scope
            self.volume = volume
            self.isMounted = isMounted
        }

        /// Where nfsdcld(8) keeps who may reclaim what.
        var recovery: String { "\(volume)/nfsdcld" }

        /// Where rpc.statd(8) keeps who has locks of NFSv3, as sm-notify(8) wants it.
        var statusMonitor: String { "\(volume)/statd" }
    }

    package init(
        nfsPort: UInt16 = 2049, mountdPort: UInt16 = 20048, lockManagerPort: UInt16 = 20049,
        statusMonitorPort: UInt16 = 20050, threads: Int = 16, leaseSeconds: Int = 15, graceSeconds: Int = 20,
        pair: Pair? = nil
    ) {
        self.nfsPort = nfsPort
        self.mountdPort = mountdPort
        self.lockManagerPort = lockManagerPort
        self.statusMonitorPort = statusMonitorPort
        self.threads = threads
        self.leaseSeconds = leaseSeconds
        self.graceSeconds = graceSeconds
        self.pair = pair
    }

    /// For nfs.conf(5), which rpc.nfsd, rpc.mountd and rpc.statd read: so they are the same whoever starts them.
    var text: String {
        """
        # Written by convert2nfsd, which sets right what is changed here.
        [nfsd]
        port=\(nfsPort)
        threads=\(threads)
        tcp=y
        udp=y
        vers3=y
        vers4=y
        vers4.0=n
        vers4.1=y
        vers4.2=y
        lease-time=\(leaseSeconds)
        grace-time=\(graceSeconds)
        [mountd]
        port=\(mountdPort)
        [lockd]
        port=\(lockManagerPort)
        udp-port=\(lockManagerPort)
        [statd]
        port=\(statusMonitorPort)

        """
    }

    /// What a server with these settings shows of itself in `/proc/fs/nfsd` (nfsd(7)).
    func isShown(by facts: KernelFacts) -> Bool {
        facts.ports.isSuperset(of: ["tcp \(nfsPort)", "udp \(nfsPort)"])
            && facts.versions.subtracting(["-2"]) == ["+3", "+4", "-4.0", "+4.1", "+4.2"]
            && facts.leaseSeconds == leaseSeconds && facts.graceSeconds == graceSeconds
    }
}

/// The kernel's server as it shows itself (nfsd(7)).
struct KernelFacts: Hashable, Sendable, Codable {
    var threads: Int
    /// `tcp 2049`.
    var ports: Set<String>
    /// `+4.1` is one that is on, `-4.0` one that is off.
    var versions: Set<String>
    var leaseSeconds: Int?
    var graceSeconds: Int?

    /// Whether the server itself is behind the registration: one of NFS, or of its ACLs, which have NFS's version and port.
    func serves(_ registration: PortMapper.Registration) -> Bool {
        let transport = registration.network.prefix(3)
        return versions.contains("+\(registration.version)")
            && registration.port.map { ports.contains("\(transport) \($0)") } == true
    }

    /// Without what changes by itself, or matters to nobody.
    var settings: KernelFacts {
        var settings = self
        settings.threads = 0
        return settings
    }
}
