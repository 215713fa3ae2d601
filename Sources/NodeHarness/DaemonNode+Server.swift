import HostTools

extension DaemonNode {
    /// The NFS server that serves this node's volumes now; nil if none runs. It outlives the daemon.
    package func nfsServer() throws(HostError) -> ProcessIdentity? {
        for name in try Directory.names(in: "/proc") ?? [] {
            guard let pid = Int32(name), let line = try? DurableFile.read("/proc/\(pid)/cmdline", limit: 1 << 20) else {
                continue
            }
            let arguments = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            guard arguments.first?.hasSuffix("ganesha.nfsd") == true,
                arguments.contains(where: { $0.hasPrefix("\(directory)/") })
            else { continue }
            return try ProcessIdentity.current(of: pid)
        }
        return nil
    }
}
