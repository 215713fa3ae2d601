import Catalog
import HostTools
import NodeAPI
import Provisioning
import StorageCore

/// Whether volumes are what the catalog says: there, made, mounted, writable, of their size, with room left.
struct VolumesCheck: Check {
    let manager: VolumeManager
    let daemon: DaemonFacts
    /// Nil for all.
    let key: VolumeKey?

    var name: String { "volumes" }

    func run() async throws(StorageError) -> Verdict {
        if let key, await isAbsent(key) {
            let last = try await operations().first { $0.subject == key }
            return Verdict(findings: [Self.absent(key, last: last)])
        }
        return try await afterSettling { () async throws(StorageError) in
            let sights = try await sights()
            return Verdict(
                findings: sights.flatMap(\.findings),
                notes: key == nil ? [] : sights.filter(\.isBusy).map { "an operation works on \($0.volume.key)" })
        }
    }

    private func isAbsent(_ key: VolumeKey) async -> Bool {
        do throws(StorageError) {
            _ = try await manager.volume(key)
            return false
        } catch {
            return error.code == .notFound
        }
    }

    private func sights() async throws(StorageError) -> [VolumeSight] {
        let seen = try await manager.observation()
        let volumes = seen.volumes.filter { key == nil || $0.key == key }
        let isAnyUnwell = volumes.contains { ![.ready, .resizing].contains($0.phase) }
        let operations = isAnyUnwell ? try await operations() : []
        let disks = try await DiskSight.of(volumes.filter { seen.place(of: $0) == .own && $0.phase.isServed })
        return volumes.map { volume in
            sight(of: volume, seen, disks[volume.id], Self.culprit(of: volume, among: operations))
        }
    }

    private func sight(
        of volume: Volume, _ seen: Observation, _ disk: DiskSight?, _ culprit: Operation?
    ) -> VolumeSight {
        VolumeSight(
            volume: volume, daemon: daemon, isBusy: seen.isBusy(volume.identity), place: seen.place(of: volume),
            failure: seen.failure(of: volume), silence: seen.silentPools[volume.pool],
            mountOptions: disk?.options ?? [], granularity: seen.granularity(of: volume), deviceSize: disk?.deviceSize,
            space: disk?.space, culprit: culprit)
    }

    /// All that the journal keeps, newest first.
    private func operations() async throws(StorageError) -> [Operation] { try await manager.operations(limit: 1000) }

    /// The operation to which a volume that is not well owes that; nil if the journal does not know it. `operations` are
    /// newest first.
    static func culprit(of volume: Volume, among operations: [Operation]) -> Operation? {
        let own = operations.filter { $0.volume == volume.identity }
        switch volume.phase {
        case .ready, .resizing: return nil
        case .creating, .deleting, .quarantined: return own.first.flatMap { $0.state == .succeeded ? nil : $0 }
        // Such a volume is changed on: what came later has succeeded, or failed and left nothing.
        case .failed:
            return own.first { $0.reason.map(volume.condition.message.hasSuffix) ?? false }
        }
    }

    static func absent(_ key: VolumeKey, last: Operation?) -> Finding {
        if let last, last.plan == .create, last.state == .failed {
            return Finding(
                .operationFailed, key.resource, "there is no such volume: making it failed, and was taken back",
                evidence: VolumeSight.text(last), remedy: "end what the evidence names, then create it again")
        }
        return Finding(
            .volumeAbsent, key.resource, "there is no such volume",
            evidence: last.map { "the last operation on it: \($0.plan.kind), \($0.state.rawValue)" }
                ?? "neither the catalog nor the journal knows it",
            remedy:
                "convert2nfs volume list shows those there are; convert2nfs volume create \(key) --size SIZE makes it")
    }
}

/// What the host shows of a mounted volume.
struct DiskSight: Sendable {
    /// Of the mount, and of its filesystem.
    let options: [String]
    let deviceSize: ByteCount?
    /// Nil for a filesystem that does not tell, as one that has failed.
    let space: FilesystemSpace?

    static func of(_ volumes: [Volume]) async throws(StorageError) -> [VolumeID: DiskSight] {
        guard !volumes.isEmpty else { return [:] }
        let work = BlockingWork(label: "doctor")
        return try await onHost("look at the mounts") { () async throws(HostError) in
            try await work.run("reading the mount table", deadline: .seconds(20)) { _ throws(HostError) in
                let entries = Dictionary(try MountTable.current().map { ($0.mountPoint, $0) }) { $1 }
                var sights: [VolumeID: DiskSight] = [:]
                for volume in volumes {
                    // The table has paths without symbolic links.
                    let parent = Directory.realPath(volume.path.parent) ?? volume.path.parent
                    guard let entry = entries[parent + volume.path.value.dropFirst(volume.path.parent.count)] else {
                        continue
                    }
                    sights[volume.id] = DiskSight(
                        options: entry.options + entry.superblockOptions, deviceSize: size(of: entry.device),
                        space: try? FilesystemControl.space(of: entry.mountPoint))
                }
                return sights
            }
        }
    }

    /// In sectors of 512 bytes, whatever the device's are (sysfs-block).
    private static func size(of device: DeviceNumber) -> ByteCount? {
        let text = (try? ControlFile.read("/sys/dev/block/\(device)/size")) ?? nil
        return text.flatMap { Int64($0) }.map { ByteCount($0 * 512) }
    }
}
