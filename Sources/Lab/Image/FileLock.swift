import Glibc
import HostTools

/// flock(2) on a file: held until it is released, or its process ends in whatever way. It holds across PID namespaces,
/// where a number written into a file would not.
final class FileLock: Sendable {
    private let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Nil if somebody else holds it. The file is made if it is absent.
    static func trying(_ path: String) throws(HostError) -> FileLock? {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw HostError.systemCall(name: "open", errno: errno, subject: path) }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return FileLock(descriptor) }
        let number = errno
        close(descriptor)
        if number == EWOULDBLOCK { return nil }
        throw HostError.systemCall(name: "flock", errno: number, subject: path)
    }

    static func waiting(for path: String, deadline: Duration) async throws -> FileLock {
        let end = ContinuousClock.now + deadline
        while ContinuousClock.now < end {
            if let lock = try trying(path) { return lock }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw HostError.timedOut(what: "the lock \(path)", after: deadline)
    }

    func release() { flock(descriptor, LOCK_UN) }

    deinit { close(descriptor) }
}
