import HostTools
import NodeAPI
import StorageCore

/// Whether the daemon's own disk has room for its journal.
struct StateDiskCheck: Check {
    let directory: String

    var name: String { "state disk" }

    /// Said before the catalog begins nothing new, which it does not with less than 8 MiB.
    private static let floor: Int64 = 32 << 20

    func run() async throws(StorageError) -> Verdict {
        let work = BlockingWork(label: "doctor")
        let space = try await onHost("measure \(directory)") { () async throws(HostError) in
            try await work.run("statvfs", deadline: .seconds(10)) { [directory] _ throws(HostError) in
                try FilesystemControl.space(of: directory)
            }
        }
        return Verdict(findings: Self.findings(space, of: directory))
    }

    static func findings(_ space: FilesystemSpace, of directory: String) -> [Finding] {
        let hasRoom = space.available >= floor
        let hasInodes = space.files == 0 || space.freeFiles >= 64
        guard !hasRoom || !hasInodes else { return [] }
        return [
            Finding(
                .stateDiskFull, "node", "the daemon's disk is nearly full: with less than 8 MiB nothing new is made",
                evidence: "\(directory): \(space.available >> 10) KiB and \(space.freeFiles) inodes are left",
                remedy: "make room on the filesystem of \(directory): df -h \(directory); du -xh \(directory) | sort -h"
            )
        ]
    }
}
