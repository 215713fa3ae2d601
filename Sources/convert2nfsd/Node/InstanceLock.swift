import StorageCore

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// One daemon a state directory: flock(2) on a file in it, held until the process ends, however it ends.
final class InstanceLock: Sendable {
    private let descriptor: Int32

    /// Throws `unavailable` if another process holds it, or the directory cannot be written.
    init(stateDirectory: String) throws(StorageError) {
        let path = "\(stateDirectory)/lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw StorageError(.unavailable, "\(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            // Not closed here: everything is set, so the deinit runs, and a second close could hit somebody else's.
            throw StorageError(
                .unavailable,
                "another convert2nfsd works on \(stateDirectory); stop it first, or give this one another node.state")
        }
    }

    deinit { close(descriptor) }
}
