import NodeAPI

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// A standard stream, written without a buffer, so that nothing is lost or out of order when the program ends.
struct Console: Sendable {
    static let output = Console(descriptor: STDOUT_FILENO)
    static let errors = Console(descriptor: STDERR_FILENO)

    let descriptor: Int32

    /// Whether a person looks at it, and it can go back to the start of a line.
    var isTerminal: Bool {
        isatty(descriptor) == 1 && getenv("TERM").map { String(cString: $0) } != "dumb"
    }

    /// Asks a person a question with yes or no; no if nobody is there.
    static func confirm(_ question: String) -> Bool {
        guard isatty(STDIN_FILENO) == 1, errors.isTerminal else { return false }
        errors.write("\r\u{1B}[K\(question) [y/N] ")
        return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
    }

    /// Writes all of `text`; answers the errno if nobody takes it (a closed pipe, a full disk).
    @discardableResult
    func write(_ text: String) -> Int32? {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return errno
            }
            rest = rest.dropFirst(count)
        }
        return nil
    }
}

/// write(2); the method above has the same name.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
