import Glibc
import HostTools

/// Log files that servers write and we only read.
enum ServerLog {
    /// Beyond this a start begins a new file and keeps one old one, `.1`.
    private static let limit: Int64 = 8 << 20

    static func size(_ path: String) -> Int64 { (try? FileFacts.of(path)).flatMap { $0 }?.size ?? 0 }

    static func rotate(_ path: String) throws(HostError) {
        guard size(path) > limit, rename(path, path + ".1") != 0, errno != ENOENT else { return }
        throw HostError.systemCall(name: "rename", errno: errno, subject: path)
    }

    /// The last lines that were written since the file had `offset` bytes, without the repeated heads that Ganesha
    /// gives each, on one line.
    static func tail(_ path: String, from offset: Int64) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "there is no \(path)" }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 16384)
        let start = max(offset, size(path) - Int64(buffer.count))
        let count = pread(descriptor, &buffer, buffer.count, off_t(start))
        let lines = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self).split(whereSeparator: \.isNewline)
        let severe = lines.filter { line in [":CRIT :", ":FATAL :", ":MAJ :"].contains { line.contains($0) } }
        let chosen = severe.isEmpty ? lines.suffix(6) : severe.suffix(6)
        let text = chosen.map { $0.split(separator: " : ", maxSplits: 4).last ?? $0 }.joined(separator: " | ")
        return text.isEmpty ? "nothing in \(path)" : "\(text) (\(path))"
    }
}
