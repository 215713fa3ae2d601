import StorageCore

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

extension Configuration {
    /// The configuration of a file. `path` nil is the default place, where a missing file means the embedded default;
    /// a file that was named must be there. Throws every fault of the file at once. Reads the file once, changes
    /// nothing.
    static func load(
        path: String? = nil, defaultPath: String = ConfigurationDefaults.path,
        hostName: String = ConfigurationDefaults.hostName()
    ) throws(ConfigurationError) -> Configuration {
        let file = path ?? defaultPath
        let bytes: [UInt8]
        do {
            bytes = try read(file)
        } catch {
            if path == nil, error.code == ENOENT { return try embedded(hostName: hostName) }
            throw ConfigurationError(findings: [.init(file: file, line: nil, path: nil, message: error.message)])
        }
        return try parse(bytes, file: file, hostName: hostName)
    }

    /// The configuration of a text. `file` is what findings call it.
    static func parse(_ bytes: [UInt8], file: String, hostName: String) throws(ConfigurationError) -> Configuration {
        let root = try ConfigurationDocument.compose(bytes, file: file)
        return try decoder(file, hostName).decode(root)
    }

    /// What a node runs on without a file.
    static func embedded(hostName: String) throws(ConfigurationError) -> Configuration {
        try decoder("embedded default", hostName).decode(nil)
    }

    private static func decoder(_ file: String, _ host: String) throws(ConfigurationError) -> ConfigurationDecoder {
        do {
            let name = try NodeName(ConfigurationDefaults.nodeName(fromHost: host))
            return ConfigurationDecoder(file: file, defaultNodeName: name)
        } catch {
            throw ConfigurationError(findings: [.init(file: file, line: nil, path: "node.name", message: error.message)]
            )
        }
    }

    private struct ReadFault: Error {
        let code: Int32
        let message: String
    }

    /// At most one byte more than `ConfigurationDocument.sizeLimit`, so that what comes after can tell.
    private static func read(_ file: String) throws(ReadFault) -> [UInt8] {
        // O_NONBLOCK: a named pipe without a writer would hold the start up for ever.
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw unreadable(errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unreadable(errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ReadFault(code: EINVAL, message: "it is not a regular file")
        }
        let limit = ConfigurationDocument.sizeLimit + 1
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while bytes.count < limit {
            let count = unistdRead(descriptor, &chunk, min(chunk.count, limit - bytes.count))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(errno) }
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return bytes
    }

    private static func unreadable(_ code: Int32) -> ReadFault {
        ReadFault(code: code, message: "the file cannot be read: \(String(cString: strerror(code)))")
    }
}

/// read(2), which the extension's own `read` hides.
private func unistdRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}
