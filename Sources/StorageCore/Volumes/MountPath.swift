/// Where a volume is mounted on the node, and what clients mount: `root` with the path template filled in.
package struct MountPath: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    package let value: String

    /// For a path that was made by a template and stored. Traps unless it is absolute and without `..`.
    package init(_ value: String) {
        precondition(
            value.hasPrefix("/") && !value.split(separator: "/").contains(".."), "\(value) is not a mount path")
        self.value = value
    }

    /// The directory it lies in.
    package var parent: String {
        let end = value.lastIndex(of: "/") ?? value.startIndex
        return end == value.startIndex ? "/" : String(value[..<end])
    }

    package var description: String { value }
    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.value < rhs.value }

    package init(from decoder: any Decoder) throws { try self.init(decoder.singleValueContainer().decode(String.self)) }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}

/// How mount paths are made from names: `{namespace}{name}` under a root. Two volumes may share a path
/// (`ab`+`c` and `a`+`bc`); the catalog refuses the second.
package struct PathTemplate: Sendable, Hashable {
    package let root: String
    package let pattern: String

    /// `root` is absolute; `pattern` holds `{namespace}` and `{name}` once each and otherwise only `a-z A-Z 0-9 . _ -`,
    /// so that every volume is a directory directly under the root. Throws `invalidArgument` otherwise.
    package init(root: String, pattern: String) throws(StorageError) {
        let components = root.split(separator: "/")
        guard root.hasPrefix("/"), !components.isEmpty, !components.contains(where: { $0 == ".." || $0 == "." }),
            root.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C && $0 != 0x3B })
        else {
            throw StorageError(
                .invalidArgument,
                "the root \"\(root)\" is not an absolute path below /, without spaces, quotes and '..'")
        }
        let parts = pattern.split(separator: "{namespace}", omittingEmptySubsequences: false).flatMap {
            $0.split(separator: "{name}", omittingEmptySubsequences: false)
        }
        let literal = parts.joined()
        let isPlain = literal.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
                || [0x2E, 0x5F, 0x2D].contains(byte)
        }
        guard pattern.contains("{namespace}"), pattern.contains("{name}"), parts.count == 3, isPlain,
            !pattern.hasPrefix(".")
        else {
            throw StorageError(
                .invalidArgument,
                "the path \"\(pattern)\" must hold {namespace} and {name} once each, and otherwise only letters, digits, '.', '_' and '-'"
            )
        }
        self.root = "/" + components.joined(separator: "/")
        self.pattern = pattern
    }

    package func path(for key: VolumeKey) -> MountPath {
        let halves = pattern.split(separator: "{namespace}", maxSplits: 1, omittingEmptySubsequences: false)
        let name = { (part: Substring) in
            part.split(separator: "{name}", maxSplits: 1, omittingEmptySubsequences: false).joined(
                separator: key.name.value)
        }
        return MountPath("\(root)/\(name(halves[0]))\(key.namespace)\(name(halves[1]))")
    }
}
