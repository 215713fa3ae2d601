import Glibc

/// Files of the kernel (proc(5), sysfs(5)) by which it is looked at and told things.
package enum ControlFile {
    /// What it shows, without the last newline; nil if there is no such file.
    package static func read(_ path: String, limit: Int = 64 << 20) throws(HostError) -> String? {
        guard let bytes = try DurableFile.read(path, limit: limit) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    /// Tells it `text`, in one write(2); never makes the file. The kernel may take its time. Throws `systemCall` with its
    /// refusal.
    package static func write(_ text: String, to path: String) throws(HostError) {
        let file = try Descriptor(opening: path, O_WRONLY)
        let bytes = Array(text.utf8)
        try systemCall("write", path) { Glibc.write(file.raw, bytes, bytes.count) }
    }
}
