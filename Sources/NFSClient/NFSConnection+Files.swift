import CNFS
import Glibc

/// What `status(of:)` tells.
package struct NFSStatus: Sendable, Equatable {
    package let inode: UInt64
    /// As in `struct stat`: type and permission bits.
    package let mode: UInt32
    package let user: UInt32
    package let group: UInt32
    package let size: UInt64

    package var isDirectory: Bool { mode & S_IFMT == S_IFDIR }
}

/// What `usage()` tells, in bytes.
package struct NFSUsage: Sendable, Equatable {
    package let total: UInt64
    package let available: UInt64
}

extension NFSConnection {
    /// Makes or replaces the file with `bytes`, synced.
    package func write(_ bytes: [UInt8], to path: String) throws(NFSError) {
        let file = try open(path, creating: true, truncating: true)
        do throws(NFSError) {
            try write(bytes, at: 0, to: file)
            try sync(file)
        } catch {
            try? close(file)
            throw error
        }
        try close(file)
    }

    /// The whole file.
    package func read(_ path: String) throws(NFSError) -> [UInt8] {
        let file = try open(path)
        defer { try? close(file) }
        var content: [UInt8] = []
        while true {
            let part = try read(transferSize(writing: false), at: UInt64(content.count), from: file)
            if part.isEmpty { return content }
            content += part
        }
    }

    /// An open file; it stays open over breaks of the connection until `close`. With `creating` it is opened to write.
    package func open(_ path: String, creating: Bool = false, truncating: Bool = false) throws(NFSError) -> NFSFile {
        var handle: OpaquePointer?
        let flags = (creating ? O_RDWR | O_CREAT : O_RDONLY) | (truncating ? O_TRUNC : 0)
        try call("open \(path)") { nfs_open2($0, path, flags, 0o644, &handle) }
        guard let handle else { throw NFSError(code: EIO, operation: "open \(path)", message: "libnfs gave no handle") }
        return NFSFile(connection: self, number: keep(handle), path: path)
    }

    package func makeDirectory(_ path: String, mode: Int32 = 0o755) throws(NFSError) {
        try call("mkdir \(path)") { nfs_mkdir2($0, path, mode) }
    }

    package func removeDirectory(_ path: String) throws(NFSError) { try call("rmdir \(path)") { nfs_rmdir($0, path) } }

    package func remove(_ path: String) throws(NFSError) { try call("unlink \(path)") { nfs_unlink($0, path) } }

    package func rename(_ path: String, to other: String) throws(NFSError) {
        try call("rename \(path)") { nfs_rename($0, path, other) }
    }

    /// The names in a directory without `.` and `..`, sorted.
    package func list(_ path: String) throws(NFSError) -> [String] {
        var directory: OpaquePointer?
        var names: [String] = []
        try call("list \(path)") { context in
            let status = nfs_opendir(context, path, &directory)
            guard status == 0, let directory else { return status }
            while let entry = nfs_readdir(context, directory) { names.append(String(cString: entry.pointee.name)) }
            nfs_closedir(context, directory)
            return status
        }
        return names.filter { $0 != "." && $0 != ".." }.sorted()
    }

    /// Does not follow symbolic links.
    package func status(of path: String) throws(NFSError) -> NFSStatus {
        var raw = nfs_stat_64()
        try call("stat \(path)") { nfs_lstat64($0, path, &raw) }
        return NFSStatus(
            inode: raw.nfs_ino, mode: UInt32(truncatingIfNeeded: raw.nfs_mode),
            user: UInt32(truncatingIfNeeded: raw.nfs_uid), group: UInt32(truncatingIfNeeded: raw.nfs_gid),
            size: raw.nfs_size)
    }

    package func usage() throws(NFSError) -> NFSUsage {
        var raw = nfs_statvfs_64()
        try call("statvfs") { nfs_statvfs64($0, "/", &raw) }
        let unit = raw.f_frsize == 0 ? raw.f_bsize : raw.f_frsize
        return NFSUsage(total: raw.f_blocks * unit, available: raw.f_bavail * unit)
    }

    /// Removes the directory and all below it; nothing there is not an error.
    package func removeTree(_ path: String) throws(NFSError) {
        do throws(NFSError) {
            for name in try list(path) {
                let child = path == "/" ? "/\(name)" : "\(path)/\(name)"
                if try status(of: child).isDirectory { try removeTree(child) } else { try remove(child) }
            }
            if path != "/" { try removeDirectory(path) }
        } catch  where error.code == ENOENT {
            return
        }
    }

    // MARK: For NFSFile

    func write(_ bytes: [UInt8], at offset: UInt64, to file: NFSFile) throws(NFSError) {
        let handle = try self.file(file.number, for: "write \(file.path)")
        let portion = try transferSize(writing: true)
        var done = 0
        while done < bytes.count {
            let count = min(portion, bytes.count - done)
            let written = try call("write \(file.path)") { context in
                bytes.withUnsafeBytes { buffer in
                    nfs_pwrite(
                        context, handle, offset + UInt64(done), UInt64(count), buffer.baseAddress?.advanced(by: done))
                }
            }
            guard written > 0 else {
                throw NFSError(code: EIO, operation: "write \(file.path)", message: "the server wrote nothing")
            }
            done += Int(written)
        }
    }

    func read(_ count: Int, at offset: UInt64, from file: NFSFile) throws(NFSError) -> [UInt8] {
        let handle = try self.file(file.number, for: "read \(file.path)")
        let count = min(count, try transferSize(writing: false))
        var bytes = [UInt8](repeating: 0, count: count)
        let got = try call("read \(file.path)") { context in
            bytes.withUnsafeMutableBytes { nfs_pread(context, handle, offset, UInt64(count), $0.baseAddress) }
        }
        bytes.removeLast(count - Int(got))
        return bytes
    }

    func sync(_ file: NFSFile) throws(NFSError) {
        let handle = try self.file(file.number, for: "sync \(file.path)")
        try call("sync \(file.path)") { nfs_fsync($0, handle) }
    }

    func close(_ file: NFSFile) throws(NFSError) {
        let handle = try self.file(file.number, for: "close \(file.path)")
        forget(file.number)
        try call("close \(file.path)") { nfs_close($0, handle) }
    }
}
