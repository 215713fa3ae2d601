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

    /// Whether a program of this file name runs. Costs a look at each process of the host.
    static func isRunning(_ name: String) throws(HostError) -> Bool {
        for entry in try Directory.names(in: "/proc") ?? [] {
            if let pid = Int32(entry), let identity = try? ProcessIdentity.current(of: pid),
                identity.executable.hasSuffix("/\(name)")
            {
                return true
            }
        }
        return false
    }
}
