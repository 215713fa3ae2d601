import HostTools
import StorageCore

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Where the API's Unix socket is to be.
struct SocketPath {
    private let path: String

    init(_ path: String) { self.path = path }

    /// Makes the path free for a new socket: its directory is made (0700) if there is none, and a socket that nobody listens on
    /// is removed. Throws `unavailable`, touching nothing, if something else is there or somebody listens.
    func claim() throws(StorageError) {
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            try makeDirectory(String(path[..<slash]))
        }
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw StorageError(
                .unavailable, "\(path) is there and is no socket; move it away, or name another api.socket")
        }
        guard !isListenedOn else {
            throw StorageError(
                .unavailable, "another program listens on \(path); stop it, or name another api.socket")
        }
        guard unlink(path) == 0 || errno == ENOENT else {
            throw StorageError(.unavailable, "\(path) cannot be removed: \(String(cString: strerror(errno)))")
        }
    }

    private func makeDirectory(_ directory: String) throws(StorageError) {
        do throws(HostError) {
            try Directory.ensureExists(directory, mode: 0o700)
        } catch {
            throw StorageError(.unavailable, "the directory \(directory) cannot be made: \(error)")
        }
    }

    /// Whether a connection is accepted, or would be if there were room: anything but a refusal.
    private var isListenedOn: Bool {
        let descriptor = socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return result == 0 || errno != ECONNREFUSED
    }
}
