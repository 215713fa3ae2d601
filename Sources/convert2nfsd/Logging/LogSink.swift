#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// One open log file. Writing never waits for anything but the page cache and never fails: what cannot be written is
/// dropped and counted, and the count is told by the next line that can. Not shared; its owner holds a lock.
struct LogSink: ~Copyable {
    let path: String
    private var descriptor: Int32
    /// Lines lost since the last one that was written.
    private(set) var dropped = 0
    private var dropCause: Int32 = 0
    /// A line was written in part, so the next begins with a line's end.
    private var isWithinLine = false

    /// Opens for appending, making the file (0640) and its directory (0755). Throws with the path and the system's
    /// reason.
    init(path: String) throws(LogFileError) {
        self.path = path
        descriptor = try Self.open(path)
    }

    deinit { close(descriptor) }

    /// Goes on in the file that is at the path now. On failure the one that is open stays; throws why.
    mutating func reopen() throws(LogFileError) {
        let fresh = try Self.open(path)
        close(descriptor)
        descriptor = fresh
        isWithinLine = false
    }

    /// Appends `line` with its end; `notice` makes the line that tells of dropped ones.
    mutating func write(_ line: String, notice: (_ dropped: Int, _ reason: String) -> String) {
        var text = isWithinLine ? "\n" : ""
        if dropped > 0 { text += notice(dropped, String(cString: strerror(dropCause))) + "\n" }
        text += line + "\n"
        let bytes = Array(text.utf8)
        let (written, code) = Self.append(bytes, to: descriptor)
        if written == bytes.count {
            (dropped, isWithinLine) = (0, false)
        } else {
            dropped += 1
            dropCause = code
            if written > 0 { isWithinLine = bytes[written - 1] != 0x0A }
        }
    }

    /// How many of `bytes` were taken, and why not all.
    private static func append(_ bytes: [UInt8], to descriptor: Int32) -> (written: Int, code: Int32) {
        bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let count = sysWrite(descriptor, buffer[done...])
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return (done, count < 0 ? errno : ENOSPC) }
                done += count
            }
            return (done, 0)
        }
    }

    /// O_NONBLOCK: a named pipe that nobody reads must not stop the daemon.
    private static func open(_ path: String) throws(LogFileError) -> Int32 {
        makeDirectory(of: path)
        let descriptor = sysOpen(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0o640)
        guard descriptor >= 0 else {
            throw LogFileError(path: path, reason: String(cString: strerror(errno)))
        }
        return descriptor
    }

    /// What fails here fails again in open(2), with the better message.
    private static func makeDirectory(of path: String) {
        var directory = ""
        for part in path.split(separator: "/").dropLast() {
            directory += "/\(part)"
            mkdir(directory, 0o755)
        }
    }
}

/// A log file that cannot be opened.
struct LogFileError: Error, Equatable, CustomStringConvertible {
    let path: String
    let reason: String

    var description: String {
        "the log file \(path) cannot be opened: \(reason); make it writable, or name another in log.file and log.errors"
    }
}

private func sysWrite(_ descriptor: Int32, _ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
    let rest = UnsafeRawBufferPointer(rebasing: bytes)
    return write(descriptor, rest.baseAddress, rest.count)
}

private func sysOpen(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 { open(path, flags, mode) }
