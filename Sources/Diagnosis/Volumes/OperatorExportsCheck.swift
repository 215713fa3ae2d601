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

    private func lines() throws(HostError) -> [(file: String, line: ExportsFile.Line)] {
        var lines: [(file: String, line: ExportsFile.Line)] = []
        for file in try files.operatorsExports() {
            lines += ExportsFile(try ControlFile.read(file) ?? "").lines.map { (file, $0) }
        }
        return lines
    }

    static func findings(of volume: Volume, in lines: [(file: String, line: ExportsFile.Line)]) -> [Finding] {
        lines.filter { $0.line.concerns(volume.path) }.map { file, line in
            Finding(
                .foreignExport, volume.key.resource,
                "a file of the operator's exports it too: whoever that names gets in at the next boot or exportfs -a",
                evidence: "\(file): \(line.text)",
                remedy:
                    "take the line out of \(file); clients are named with convert2nfs volume clients \(volume.key)"
            )
        }
    }
}
