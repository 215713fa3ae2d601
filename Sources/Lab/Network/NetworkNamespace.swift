import HostTools

/// The network namespace this process is in.
enum NetworkNamespace {
    /// Whether there is nothing in it but the loopback (proc_pid_net(5), `dev`), as in a new one.
    static func isEmpty() throws(HostError) -> Bool {
        let table = try DurableFile.read("/proc/self/net/dev", limit: 1 << 20) ?? []
        let names = String(decoding: table, as: UTF8.self).split(separator: "\n").dropFirst(2).map { line in
            line.prefix { $0 != ":" }.drop { $0 == " " }
        }
        return names == ["lo"]
    }
}
