import Glibc
import HostTools

/// Files that a process has open (proc_pid_fd(5)).
enum HeldFiles {
    /// Those at or below `path`. Empty if the process is gone. `timedOut` if the look takes ten seconds.
    static func below(_ path: String, by pid: Int32) async throws(HostError) -> [String] {
        try await BlockingWork(label: "held files").run(
            "the look at what is open below \(path)", deadline: .seconds(10)
        ) {
            _ throws(HostError) in try look(below: path, by: pid)
        }
    }

    /// Whether the process waits for changes of directories (inotify(7)). Blocks.
    static func isWatching(_ pid: Int32) throws(HostError) -> Bool {
        let directory = "/proc/\(pid)/fd"
        return try (Directory.names(in: directory) ?? []).contains {
            target(of: "\(directory)/\($0)") == "anon_inode:inotify"
        }
    }

    private static func look(below path: String, by pid: Int32) throws(HostError) -> [String] {
        let directory = "/proc/\(pid)/fd"
        return try (Directory.names(in: directory) ?? []).compactMap { target(of: "\(directory)/\($0)") }
            .filter { $0 == path || $0.hasPrefix(path + "/") }
    }

    private static func target(of link: String) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink(link, &buffer, buffer.count)
        return length < 0 ? nil : String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
