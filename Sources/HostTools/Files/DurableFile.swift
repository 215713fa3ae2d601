import Glibc

/// Small files that are there in full or not at all, also after a power cut. All calls block for as long as the disk
/// takes.
package enum DurableFile {
    /// Ensures `path` holds exactly `bytes` with exactly `mode`: written to `path.new`, synced, renamed over `path`,
    /// and the directory synced, unless the caller does that later together with other changes. On an error the old
    /// content is untouched and nothing is left behind; a crash may leave `path.new`. One writer of a path at a time.
    ///
    /// It is this process's user's, or of whom `owner` is.
    package static func write(
        _ bytes: [UInt8], to path: String, mode: mode_t = 0o600, owner: FileFacts? = nil, syncsDirectory: Bool = true
    ) throws(HostError) {
        let temporary = path + temporarySuffix
        do {
            let file = try Descriptor(opening: temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: mode)
            if let owner { try systemCall("fchown", temporary) { fchown(file.raw, owner.user, owner.group) } }
            // open(2) takes the umask off the mode.
            try systemCall("fchmod", temporary) { fchmod(file.raw, mode) }
            try file.write(bytes, temporary)
            try file.sync(temporary)
            try systemCall("rename", path) { rename(temporary, path) }
        } catch {
            unlink(temporary)
            throw error
        }
        if syncsDirectory { try syncDirectory(of: path) }
    }

    /// What a write that was cut short may leave, after the name of the file.
    package static let temporarySuffix = ".new"

    /// Ensures nothing is at `path`; true if something was.
    @discardableResult
    package static func remove(_ path: String, syncsDirectory: Bool = true) throws(HostError) -> Bool {
        if unlink(path) != 0 {
            let number = errno
            // A filesystem that is read-only refuses to remove what is not there, too.
            var status = stat()
            if number == ENOENT || number == EROFS && lstat(path, &status) != 0 && errno == ENOENT { return false }
            throw HostError.systemCall(name: "unlink", errno: number, subject: path)
        }
        if syncsDirectory { try syncDirectory(of: path) }
        return true
    }

    /// The content; nil if there is no such file. Throws `unexpected` if it is longer than `limit`.
    package static func read(_ path: String, limit: Int) throws(HostError) -> [UInt8]? {
        guard let file = try Descriptor.ifPresent(path, O_RDONLY) else { return nil }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: min(limit + 1, 65536))
        while true {
            let count = try systemCall("read", path) { Glibc.read(file.raw, &buffer, buffer.count) }
            if count == 0 { return content }
            content += buffer[..<count]
            guard content.count <= limit else {
                throw HostError.unexpected("\(path) is longer than \(limit) bytes")
            }
        }
    }

    /// Makes renames, removals and new files in the directory that holds `path` durable.
    package static func syncDirectory(of path: String) throws(HostError) {
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        try Descriptor(opening: directory, O_RDONLY | O_DIRECTORY).sync(directory)
    }
}

extension Descriptor {
    func write(_ bytes: [UInt8], _ path: String) throws(HostError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = try systemCall("write", path) {
                rest.withUnsafeBytes { Glibc.write(raw, $0.baseAddress, $0.count) }
            }
            rest = rest.dropFirst(count)
        }
    }
}
