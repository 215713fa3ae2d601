import HostTools

/// The network namespace this process is in.
enum NetworkNamespace {
    /// All that are in it (proc_pid_net(5), `dev`); a new one has only `lo`.
    static func interfaces() throws(HostError) -> [String] {
        let table = try DurableFile.read("/proc/self/net/dev", limit: 1 << 20) ?? []
        return String(decoding: table, as: UTF8.self).split(separator: "\n").dropFirst(2).map { line in
            String(line.prefix { $0 != ":" }.drop { $0 == " " })
        }
    }
}
