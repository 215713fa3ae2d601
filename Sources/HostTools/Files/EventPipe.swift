import Glibc

/// A named pipe (fifo(7)) into which another program writes what happens, a line each.
package enum EventPipe {
    /// Ensures there is a pipe at `path`, its owner's alone, and answers what comes through it from now on. Whoever opened it before
    /// keeps writing into the same. It is read by a thread of its own, which lasts as long as the program. Throws `systemCall` if
    /// something else is there, or the pipe cannot be made.
    package static func lines(at path: String) throws(HostError) -> AsyncStream<String> {
        if mkfifo(path, 0o600) != 0, errno != EEXIST {
            throw HostError.systemCall(name: "mkfifo", errno: errno, subject: path)
        }
        // For writing too: so it never comes to its end, whoever else writes.
        let raw = try systemCall("open", path) { open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW) }
        var status = stat()
        guard fstat(raw, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else {
            close(raw)
            throw HostError.unexpected("\(path) is there and is no named pipe; move it away")
        }
        let (stream, continuation) = AsyncStream<String>.makeStream(bufferingPolicy: .bufferingNewest(64))
        let number = NativeThread.start {
            NativeThread.name("events")
            var rest: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = read(raw, &chunk, chunk.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                rest += chunk[..<count]
                while let end = rest.firstIndex(of: 0x0A) {
                    continuation.yield(String(decoding: rest[..<end], as: UTF8.self))
                    rest.removeSubrange(...end)
                }
            }
            close(raw)
            continuation.finish()
        }
        guard number == 0 else {
            close(raw)
            throw HostError.systemCall(name: "pthread_create", errno: number, subject: path)
        }
        return stream
    }
}
