import HostTools

/// Finds processes by what they were started with, for those whose identity was not written down any more.
enum ProcessSearch {
    /// Every process whose program has this file name and that has `argument` among its arguments. Costs a look at each
    /// process of the host.
    static func find(argument: String, executableNamed name: String) throws(HostError) -> [ProcessIdentity] {
        var found: [ProcessIdentity] = []
        let wanted = Array(argument.utf8)[...]
        for entry in try Directory.names(in: "/proc") ?? [] {
            guard let pid = Int32(entry), let line = try? DurableFile.read("/proc/\(pid)/cmdline", limit: 1 << 16),
                line.split(separator: 0).dropFirst().contains(wanted),
                let identity = try ProcessIdentity.current(of: pid),
                identity.executable.hasSuffix("/\(name)")
            else { continue }
            found.append(identity)
        }
        return found
    }

    /// Every process whose program has this file name, those of containers aside: they are not ours to look at. Costs a look at each process of the host.
    static func find(executableNamed name: String) throws(HostError) -> [ProcessIdentity] {
        var found: [ProcessIdentity] = []
        for entry in try Directory.names(in: "/proc") ?? [] {
            guard let pid = Int32(entry), let identity = try? ProcessIdentity.current(of: pid),
                identity.executable.hasSuffix("/\(name)"), try identity.sharesNamespaces()
            else { continue }
            found.append(identity)
        }
        return found
    }
}
