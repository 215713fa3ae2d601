import HostTools
import StorageCore

/// A line of the operator's files, and where it exports: exportfs(8) takes its path without symbolic links.
package struct OperatorLine: Hashable, Sendable {
    package let file: String
    package let line: ExportsFile.Line
    /// As it is written, and without symbolic links.
    private let places: Set<String>

    /// Without `realPath` there are no links in its path.
    package init(file: String, line: ExportsFile.Line, realPath: String? = nil) {
        self.file = file
        self.line = line
        places = [line.path, realPath ?? line.path]
    }

    /// Whether it exports what is mounted at `mount`: by its own path, or by one above that takes what is mounted below it along.
    package func concerns(_ mount: Mounted) -> Bool { exports(mount) || isAbove(mount) }

    func exports(_ mount: Mounted) -> Bool { !places.isDisjoint(with: mount.names) }

    /// Whether it takes what is mounted there along with what it exports.
    func isAbove(_ mount: Mounted) -> Bool {
        line.crossesMounts && places.contains { place in mount.names.contains { $0.lies(below: place) } }
    }

    /// Whether it exports a directory of what is mounted there.
    func isBelow(_ mount: Mounted) -> Bool {
        places.contains { place in mount.names.contains { place.lies(below: $0) } }
    }

    /// A mount point by its names: the volume's, and the one without symbolic links.
    package struct Mounted: Hashable, Sendable {
        let path: MountPath
        let realPath: String
        let names: Set<String>

        /// Looks at the path.
        package init(at path: MountPath) { self.init(path, realPath: Directory.realPath(path.value) ?? path.value) }

        init(_ path: MountPath, realPath: String) {
            self.path = path
            self.realPath = realPath
            names = [path.value, realPath]
        }
    }
}

extension KernelFiles {
    /// All lines of the operator's files, in the order that exportfs(8) reads them in.
    package func operatorsLines() throws(HostError) -> [OperatorLine] {
        var lines: [OperatorLine] = []
        for file in try operatorsExports() {
            guard let bytes = try DurableFile.read(file, limit: Self.limit) else { continue }
            lines += ExportsFile(bytes).lines.map {
                OperatorLine(file: file, line: $0, realPath: Directory.realPath($0.path))
            }
        }
        return lines
    }

    static let limit = 16 << 20
}
