import NodeAPI
import Provisioning
import StorageCore

/// Whether pools answer and have room: all of them, or the one that holds a volume.
struct PoolsCheck: Check {
    let manager: VolumeManager
    let key: VolumeKey?

    var name: String { "pools" }

    func run() async throws(StorageError) -> Verdict {
        var statuses = try await manager.poolStatuses()
        if let key, let volume = try? await manager.volume(key) {
            statuses = statuses.filter { $0.pool.name == volume.pool }
            if statuses.isEmpty { return Verdict(findings: [Self.unnamed(volume.pool)]) }
        }
        return Verdict(findings: statuses.flatMap(Self.findings))
    }

    private static func unnamed(_ pool: PoolName) -> Finding {
        Finding(
            .poolUnavailable, "pools/\(pool)", "the configuration does not name the volume's pool",
            evidence: "no pool of the configuration is called \(pool)",
            remedy: "name it in pools again, with what it had, and restart the daemon")
    }

    static func findings(_ status: PoolStatus) -> [Finding] {
        let pool = status.pool.name
        let subject = "pools/\(pool)"
        guard let usage = status.usage else {
            return [
                Finding(
                    .poolUnavailable, subject, "the pool does not answer; its volumes can be neither made nor mounted",
                    evidence: status.condition.message,
                    remedy: remedy(for: status.pool.kind))
            ]
        }
        var findings: [Finding] = []
        if let warning = usage.warning {
            findings.append(nearFull(status.pool, warning))
        } else if usage.available < smallest {
            findings.append(
                Finding(
                    .poolFull, subject, "the pool has promised all that it has: no volume can be made in it or grow",
                    evidence: "\(usage.available) of \(usage.total) are left to promise",
                    remedy: "delete volumes or snapshots, or add a disk (LVM: vgextend; Ceph: OSDs)"))
        }
        let told = status.condition.message
        if status.condition.abnormal, told != usage.warning {
            findings.append(
                Finding(
                    .unknownStorage, subject, "the pool holds storage of ours that the catalog does not know",
                    evidence: told,
                    remedy:
                        "it may be all that is left of a lost catalog: convert2nfs catalog rebuild --dry-run says what could be "
                        + "restored"))
        }
        return findings
    }

    private static func remedy(for kind: String) -> String {
        switch kind {
        case "lvm": "bring its disks and its volume group back: pvs; vgs; vgchange -ay"
        case "rbd": "what the evidence says, and on a node of the cluster: ceph health detail"
        default: "mount the disk of its directory"
        }
    }

    private static func nearFull(_ pool: Pool, _ warning: String) -> Finding {
        if pool.kind == "rbd" {
            return Finding(
                .poolNearFull, "pools/\(pool.name)",
                "the pool takes nothing new; once it is full, what is written to its volumes waits",
                evidence: warning,
                remedy: "delete volumes, add OSDs, or raise the quota: ceph osd pool set-quota POOL max_bytes BYTES")
        }
        return Finding(
            .thinPoolNearFull, "pools/\(pool.name)",
            "the pool takes nothing new, and its volumes' writes fail before long", evidence: warning,
            remedy:
                "delete volumes and snapshots, or: lvextend --size +SIZE VG/POOL for data, lvextend --poolmetadatasize +SIZE VG/POOL for metadata"
        )
    }

    private static let smallest = FilesystemKind.allCases.map(\.minimumCapacity).min() ?? .zero
}
