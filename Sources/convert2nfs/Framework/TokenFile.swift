import NodeAPI

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// A file that holds a token on its first line. It may be a pipe, as a shell's `<(command)` is one.
struct TokenFile {
    private static let limit = 65_536

    let path: String

    /// Throws `notFound` for a file that cannot be read, `invalidArgument` for one whose first line is no token (RFC
    /// 6750, section 2.1: printable and without spaces, so that it cannot become a header of its own).
    func read() throws(StorageError) -> String {
        guard let bytes = content() else {
            throw StorageError(
                .notFound, "the token file \(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        let line = bytes.prefix { $0 != 0x0A && $0 != 0x0D }
        guard !line.isEmpty, line.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw StorageError(.invalidArgument, "the token file \(path) has no token on its first line")
        }
        return String(decoding: line, as: UTF8.self)
    }

    /// Nil, with errno set, if it cannot be read.
    private func content() -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count < Self.limit {
            let count = systemRead(descriptor, &buffer, buffer.count)
            if count < 0 { return nil }
            if count == 0 { break }
            bytes += buffer.prefix(count)
        }
        return bytes
    }
}

/// read(2); the method above has the same name.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}
