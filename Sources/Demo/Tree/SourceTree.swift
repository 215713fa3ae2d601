import Glibc
import HostTools

/// A tree of this machine, as real input. Paths are relative to its root. What is neither directory, file nor symbolic
/// link is left out, and so is what is beyond the limits.
struct SourceTree: Sendable {
    struct Link: Sendable {
        let path: String
        let target: String
    }

    /// So that the tree fits into the volume, and the demonstration into the patience of its audience.
    private static let mostFiles = 10_000
    private static let mostBytes: UInt64 = 200 << 20
    private static let leastFiles = 2_000

    let root: String
    /// Parents before their children.
    private(set) var directories: [String] = []
    private(set) var files: [String] = []
    private(set) var links: [Link] = []
    private(set) var byteCount: UInt64 = 0
    /// The names in each directory, sorted; the root is "".
    private(set) var names: [String: [String]] = [:]

    /// The one of `roots` with more files. Throws if that is not thousands.
    static func largest(of roots: [String]) throws -> SourceTree {
        let trees = try roots.map { try SourceTree(root: $0) }
        guard let largest = trees.max(by: { $0.files.count < $1.files.count }), largest.files.count >= leastFiles else {
            throw Untrue(
                "neither of \(roots.joined(separator: ", ")) has \(Shown.count(leastFiles)) files to copy; "
                    + "install some with: apt-get install libboost-dev")
        }
        return largest
    }

    init(root: String) throws {
        self.root = root
        try take("")
    }

    /// The content of one of `files`, as it is here.
    func content(of file: String) throws -> [UInt8] {
        guard let bytes = try DurableFile.read("\(root)/\(file)", limit: Int(Self.mostBytes)) else {
            throw Untrue("\(root)/\(file) has gone while it was copied")
        }
        return bytes
    }

    private mutating func take(_ directory: String) throws {
        var taken: [String] = []
        for name in (try Directory.names(in: "\(root)/\(directory)") ?? []).sorted() {
            let path = directory.isEmpty ? name : "\(directory)/\(name)"
            var status = stat()
            guard lstat("\(root)/\(path)", &status) == 0, try take(path, status) else { continue }
            taken.append(name)
        }
        names[directory] = taken
    }

    private mutating func take(_ path: String, _ status: stat) throws -> Bool {
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            directories.append(path)
            try take(path)
        case S_IFREG:
            let size = UInt64(status.st_size)
            guard files.count < Self.mostFiles, byteCount + size <= Self.mostBytes else { return false }
            files.append(path)
            byteCount += size
        case S_IFLNK:
            guard let target = Self.target(of: "\(root)/\(path)") else { return false }
            links.append(Link(path: path, target: target))
        default: return false
        }
        return true
    }

    private static func target(of path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &buffer, buffer.count)
        return count < 0 ? nil : String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
