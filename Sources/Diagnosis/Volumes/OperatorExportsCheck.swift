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
        let found = try await onHost("read the operator's exports") { () async throws(HostError) in
            try files.operatorsLines()
        }
        return Verdict(findings: volumes.flatMap { Self.findings(of: $0, in: found) })
    }

    static func findings(of volume: Volume, in lines: [OperatorLine]) -> [Finding] {
        let mount = OperatorLine.Mounted(at: volume.path)
        return lines.filter { $0.concerns(mount) }.map { found in
            Finding(
                .foreignExport, volume.key.resource,
                "a file of the operator's exports it too: whoever that names gets in at the next boot or exportfs -a",
                evidence: "\(found.file): \(found.line.text)",
                remedy:
                    "take the line out of \(found.file); clients are named with convert2nfs volume clients \(volume.key)"
            )
        }
    }
}
