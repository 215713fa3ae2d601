import Glibc
import HostTools
import NFSClient
import NodeAPI
import Provisioning
import StorageCore

/// Whether a volume can be used: mounted over NFSv3 by the node itself, a file written, synced, read back over a second
/// connection, compared and removed. The node is let in for as long as that takes.
struct UseCheck: Check {
    let manager: VolumeManager
    let settings: Doctor.Settings
    let key: VolumeKey
    /// What the checks before it found.
    let known: [Finding]

    var name: String { "use over NFS" }

    /// The export table waits for no longer.
    private static let patience = Duration.seconds(15)

    private static let byteCount = 64 << 10

    /// With these it would fail too, and say less; or wait.
    private static let reasons: Set<Fault> = [
        .volumeAbsent, .operationFailed, .volumeQuarantined, .volumeNotMounted, .foreignMount, .filesystemShutDown,
        .nfsdSilent, .mountdSilent, .serverNotWell, .notReady, .checkFailed, .notExported, .exportDiffers, .fsidDiffers,
        .filesystemReadOnly, .volumeFull, .inodesExhausted,
    ]

    func run() async throws(StorageError) -> Verdict {
        if let reason = known.first(where: { finding in Self.reasons.contains { $0.rawValue == finding.check } }) {
            return Verdict(omissions: ["\(reason.check) was found"])
        }
        let volume: Volume
        do throws(StorageError) { volume = try await manager.volume(key) } catch {
            return Verdict(omissions: [error.message])
        }
        return try await use(volume)
    }

    private func use(_ volume: Volume) async throws(StorageError) -> Verdict {
        let host = try await settings.host.look().target.text
        let check = ExportCheck(
            target: .init(
                server: host, path: volume.path.value, nfsPort: settings.nfs.port, mountdPort: settings.nfs.mountdPort,
                deadline: .seconds(5)), byteCount: Self.byteCount)
        do throws(StorageError) {
            let outcome = try await manager.lending(key, to: try ClientAddress(host), patience: Self.patience) {
                await check.run()
            }
            if let outcome { return Self.judge(outcome, of: volume, settings.daemon) }
        } catch {
            guard error.code == .busy else { throw error }
            return Verdict(omissions: [error.message])
        }
        await removeLeftover("\(volume.path)/\(check.name)")
        let seen = "it did not end within \(Self.patience.components.seconds) s"
        return Verdict(findings: [Self.finding(key, "its use over NFS hangs", seen: seen, settings.daemon)])
    }

    /// What hangs may have made its file, and cannot remove it any more.
    private func removeLeftover(_ path: String) async {
        let work = BlockingWork(label: "doctor")
        _ = try? await work.run("unlink", deadline: .seconds(5)) { _ throws(HostError) in
            try DurableFile.remove(path, syncsDirectory: false)
        }
    }

    static func judge(_ outcome: ExportCheck.Outcome, of volume: Volume, _ daemon: DaemonFacts) -> Verdict {
        guard let failure = outcome.failure else { return Verdict() }
        let error = failure.error as? NFSError
        if failure.step == .create, error?.isDenied == true, volume.squash != .none {
            return Verdict(notes: [
                "\(volume.key) was mounted over NFS; its top directory may not be written by squashed users, so no file was made"
            ])
        }
        if error?.isOutOfSpace == true || (failure.bytesLeft ?? .max) < UInt64(byteCount) {
            return Verdict(findings: [
                Finding(
                    .volumeFull, volume.key.resource, "it is full: its clients get ENOSPC",
                    evidence: "\(failure.error)",
                    remedy: "remove files at a client, or: convert2nfs volume resize \(volume.key) SIZE")
            ])
        }
        if error?.code == EROFS {
            return Verdict(findings: [
                Finding(
                    .filesystemReadOnly, volume.key.resource, "nobody can write to it over NFS",
                    evidence: "\(failure.error)",
                    remedy: "look at dmesg; if all is well there: mount -o remount,rw \(volume.path)")
            ])
        }
        let what = "\(failure.step.rawValue): \(failure.error)"
        return Verdict(findings: [
            finding(volume.key, "its use over NFS fails at the step \(failure.step.rawValue)", seen: what, daemon)
        ])
    }

    private static func finding(_ key: VolumeKey, _ message: String, seen: String, _ daemon: DaemonFacts) -> Finding {
        Finding(
            .useFailed, key.resource, message, evidence: seen,
            remedy: "dmesg; \(daemon.readErrors); from a client: convert2nfs volume check \(key)")
    }
}
