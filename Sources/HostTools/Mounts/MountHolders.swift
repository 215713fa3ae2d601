import Glibc

/// A process that keeps a filesystem from being unmounted.
package struct MountHolder: Hashable, Sendable, CustomStringConvertible {
    package let pid: Int32
    package let command: String

    package var description: String { "\(command) (\(pid))" }
}

extension MountHolder {
    /// The processes that work in, have open, or have mapped something of the filesystem mounted at `path`, by number.
    /// Read from /proc (proc(5)); nothing of the filesystem itself is touched, so it does not hang with it. Best
    /// effort: a process that ends meanwhile is left out, and what the kernel itself holds is not seen.
    package static func all(of path: String) throws(HostError) -> [MountHolder] {
        var holders: [MountHolder] = []
        for name in try Directory.names(in: "/proc") ?? [] {
            guard let pid = Int32(name), isHolder(pid, of: path) else { continue }
            let command = (try? DurableFile.read("/proc/\(pid)/comm", limit: 256)) ?? nil
            let text = String(decoding: (command ?? []).prefix { $0 != 0x0A }, as: UTF8.self)
            holders.append(MountHolder(pid: pid, command: text.isEmpty ? "process" : text))
        }
        return holders.sorted { $0.pid < $1.pid }
    }

    private static func isHolder(_ pid: Int32, of path: String) -> Bool {
        let isInside = { (target: String) in target == path || target.hasPrefix(path + "/") }
        let descriptors = ((try? Directory.names(in: "/proc/\(pid)/fd")) ?? nil) ?? []
        for link in ["cwd", "root"] + descriptors.map({ "fd/\($0)" }) {
            if let target = (try? linkTarget("/proc/\(pid)/\(link)")) ?? nil, isInside(target) { return true }
        }
        let maps = (try? DurableFile.read("/proc/\(pid)/maps", limit: 16 << 20)) ?? nil
        return String(decoding: maps ?? [], as: UTF8.self).split(separator: "\n").contains { line in
            // The path is the sixth field (proc_pid_maps(5)) and the only one with a slash.
            line.firstIndex(of: "/").map { isInside(String(line[$0...])) } ?? false
        }
    }
}
