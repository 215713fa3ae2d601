import HostTools
import NFSExports
import NodeAPI
import Provisioning
import StorageCore

/// Whether an operator's own files export a volume too, to whomever they name: the next `exportfs -a`, or boot, serves it.
struct OperatorExportsCheck: Check {
    let manager: VolumeManager
    let files: KernelFiles
    /// Nil for all.
    let key: VolumeKey?

    var name: String { "operator's exports" }

    func run() async throws(StorageError) -> Verdict {
        let volumes = try await manager.observation().volumes.filter { key == nil || $0.key == key }
        let found = try await onHost("read the operator's exports") { () async throws(HostError) in try lines() }
        return Verdict(findings: volumes.flatMap { Self.findings(of: $0, in: found) })
    }

    private func lines() throws(HostError) -> [ExportsLine] {
        var lines: [ExportsLine] = []
        for file in try files.operatorsExports() {
            lines += ExportsLine.all(in: try ControlFile.read(file) ?? "", file: file)
        }
        return lines
    }

    static func findings(of volume: Volume, in lines: [ExportsLine]) -> [Finding] {
        lines.filter { $0.concerns(volume.path) }.map { line in
            Finding(
                .foreignExport, volume.key.resource,
                "a file of the operator's exports it too: whoever that names gets in at the next boot or exportfs -a",
                evidence: "\(line.file): \(line.text)",
                remedy:
                    "take the line out of \(line.file); clients are named with convert2nfs volume clients \(volume.key)"
            )
        }
    }
}

/// A line of exports(5). Pure.
struct ExportsLine: Hashable, Sendable {
    let file: String
    let text: String
    let path: String

    static func all(in content: String, file: String) -> [ExportsLine] {
        content.replacing("\\\n", with: " ").split(whereSeparator: \.isNewline).compactMap { line in
            let text = (line.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).first ?? "")
                .split(whereSeparator: \.isWhitespace).joined(separator: " ")
            guard let path = path(of: text) else { return nil }
            return ExportsLine(file: file, text: text, path: path)
        }
    }

    /// The first word, or what is in quotes; bytes may be written in octal.
    private static func path(of text: String) -> String? {
        let isQuoted = text.hasPrefix("\"")
        let rest = isQuoted ? text.dropFirst() : text[...]
        guard rest.hasPrefix("/"), let word = rest.split(separator: isQuoted ? "\"" : " ").first else { return nil }
        let path = OctalEscapes.decode(Array(word.utf8)[...])
        return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    /// Whether it exports what is mounted at `volume`: by its own path, or by one above that takes what is mounted below it
    /// along.
    func concerns(_ volume: MountPath) -> Bool {
        let above = path == "/" ? "/" : path + "/"
        return path == volume.value || (text.contains("crossmnt") && volume.value.hasPrefix(above))
    }
}
