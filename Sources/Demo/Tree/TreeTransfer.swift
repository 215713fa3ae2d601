import NFSClient

/// Carries a tree to a place in an export, and looks there whether it is what it was.
struct TreeTransfer: Sendable {
    let tree: SourceTree
    /// Below the export, like `/tree`. Its parent exists.
    let place: String
    let target: NFSConnection.Target

    /// Copies all of it; each file is on the server's disk when it is counted in `progress`. What was sent is in the
    /// fingerprint.
    func copy(_ progress: Counter = Counter()) async throws -> Fingerprint {
        defer { progress.end() }
        let connection = NFSConnection(target)
        try await connection.mount()
        for directory in [""] + tree.directories {
            try Task.checkCancellation()
            try await connection.makeDirectory(path(directory))
        }
        let parts = try await Crew(target: target).map(tree.files.count) { connection, number in
            let bytes = try tree.content(of: tree.files[number])
            try await connection.write(bytes, to: path(tree.files[number]))
            progress.next()
            return Self.fingerprint(bytes)
        }
        for link in tree.links { try await connection.makeLink(path(link.path), to: link.target) }
        await connection.close()
        return fingerprint(parts, links: tree.links.map(\.target))
    }

    /// Reads all of it over connections of its own, lists every directory, and compares byte by byte with the original.
    /// Throws the first difference. What came back is in the fingerprint.
    func compare() async throws -> Fingerprint {
        let directories = [""] + tree.directories
        let crew = Crew(target: target)
        _ = try await crew.map(directories.count) { connection, number in
            let names = try await connection.list(path(directories[number]))
            try claim(
                names == tree.names[directories[number]], otherwise: "\(path(directories[number])) holds other names")
        }
        let parts = try await crew.map(tree.files.count) { connection, number in
            let file = tree.files[number]
            let bytes = try await connection.read(path(file))
            try claim(
                Self.areSame(bytes, try tree.content(of: file)), otherwise: "\(path(file)) is not what was copied")
            return Self.fingerprint(bytes)
        }
        let targets = try await crew.map(tree.links.count) { connection, number in
            try await connection.linkTarget(of: path(tree.links[number].path))
        }
        try claim(targets == tree.links.map(\.target), otherwise: "symbolic links point elsewhere")
        return fingerprint(parts, links: targets)
    }

    /// Removes all of it, and nothing else: a file too many is an error.
    func remove() async throws {
        let others = tree.files + tree.links.map(\.path)
        let crew = Crew(target: target)
        _ = try await crew.map(others.count) { connection, number in
            try await connection.remove(path(others[number]))
        }
        let connection = NFSConnection(target)
        try await connection.mount()
        for directory in ([""] + tree.directories).reversed() {
            try Task.checkCancellation()
            try await connection.removeDirectory(path(directory))
        }
        await connection.close()
    }

    private func path(_ relative: String) -> String { relative.isEmpty ? place : "\(place)/\(relative)" }

    private func fingerprint(_ files: [Fingerprint], links: [String]) -> Fingerprint {
        var whole = Fingerprint()
        for directory in tree.directories { whole.add(directory) }
        for (file, part) in zip(tree.files, files) {
            whole.add(file)
            whole.add(part)
        }
        for (link, target) in zip(tree.links, links) {
            whole.add(link.path)
            whole.add(target)
        }
        return whole
    }

    private static func fingerprint(_ bytes: [UInt8]) -> Fingerprint {
        var fingerprint = Fingerprint()
        fingerprint.add(bytes)
        return fingerprint
    }
}
