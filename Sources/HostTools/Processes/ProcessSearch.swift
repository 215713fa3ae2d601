/// Finds processes by what they were started with, for those whose identity was not written down any more.
package enum ProcessSearch {
    /// Every process whose program has this file name and that has `argument` among its arguments. Costs a look at each
    /// process of the host.
    package static func find(argument: String, executableNamed name: String) throws(HostError) -> [ProcessIdentity] {
        let wanted = Array(argument.utf8)[...]
        return try find(executableNamed: name) { (process) throws(HostError) in
            let line = (try? DurableFile.read("/proc/\(process.pid)/cmdline", limit: 1 << 16)) ?? nil
            return line?.split(separator: 0).dropFirst().contains(wanted) == true
        }
    }

    /// Every process whose program has this file name, those of containers aside: they are not ours to look at. Costs a look
    /// at each process of the host.
    package static func find(executableNamed name: String) throws(HostError) -> [ProcessIdentity] {
        try find(executableNamed: name) { (process) throws(HostError) in try process.sharesNamespaces() }
    }

    private static func find(
        executableNamed name: String, where isWanted: (ProcessIdentity) throws(HostError) -> Bool
    ) throws(HostError) -> [ProcessIdentity] {
        var found: [ProcessIdentity] = []
        for entry in try Directory.names(in: "/proc") ?? [] {
            // One that ends meanwhile, or may not be looked at, is none of them.
            guard let pid = Int32(entry), let process = try? ProcessIdentity.current(of: pid),
                process.executable.hasSuffix("/\(name)"), try isWanted(process)
            else { continue }
            found.append(process)
        }
        return found
    }
}
