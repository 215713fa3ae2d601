import HostTools
import StorageCore

extension LVMBackend: VolumeAdopter {
    package func candidate(_ device: DevicePath) async throws(StorageError) -> AdoptionCandidate? {
        try await group.exclusively { () async throws(StorageError) in
            guard let found = try await find(device) else { return nil }
            let name = "\(names.group)/\(found.name)"
            if let reason = obstacle(found) { throw StorageError(.conflict, "\(name) \(reason)") }
            return AdoptionCandidate(name: name, capacity: found.size, owner: found.tags?.volume)
        }
    }

    /// Only its tags are changed: it keeps its name, by which it is mounted.
    package func adopt(
        _ candidate: AdoptionCandidate, as volume: VolumeIdentity, fsid: ExportFSID
    ) async throws(StorageError) -> Outcome {
        try await group.exclusively { () async throws(StorageError) in
            let report = try await group.look()
            guard let found = report.volumes.first(where: { "\(names.group)/\($0.name)" == candidate.name }) else {
                throw StorageError(.notFound, "\(candidate.name) is gone", resource: volume.key.resource)
            }
            if let owner = found.tags?.volume, owner != volume {
                throw StorageError(
                    .conflict, "\(candidate.name) is the volume \(owner.key) (\(owner.id))",
                    resource: volume.key.resource)
            }
            let tags = StorageMark(volume, .volume, fsid: fsid)
            if found.tags == tags { return .unchanged }
            try await group.change("tagging \(candidate.name)") { $0.tag(found.uuid, from: found.tags, to: tags, $1) }
            // From now on it is known by its tags.
            _ = try await group.look()
            return .changed
        }
    }

    private func find(_ device: DevicePath) async throws(StorageError) -> LVMReport.LogicalVolume? {
        let uuid: String?
        do throws(HostError) { uuid = try DeviceMapper.uuid(of: device.value) } catch {
            throw StorageError(host: error, "looking at \(device)")
        }
        guard let uuid, uuid.hasPrefix("LVM-") else { return nil }
        return try await group.look().volumes.first { uuid.hasSuffix($0.uuid.filter { $0 != "-" }) }
    }

    private func obstacle(_ found: LVMReport.LogicalVolume) -> String? {
        if let tags = found.tags, tags.role != .volume { return "is a \(tags.role.rawValue) of \(tags.volume.key)" }
        if found.pool == nil, let origin = found.origin {
            return "is a thick snapshot of \(origin), which a volume cannot be: it dies with it"
        }
        if found.skipsActivation {
            return "would not be active after a boot; lvchange --setactivationskip n \(names.group)/\(found.name)"
        }
        if found.pool != policy.thinPool {
            let place = found.pool.map { "in the thin pool \($0)" } ?? "in no thin pool"
            let own = policy.thinPool.map { "volumes of this pool lie in \($0)" } ?? "volumes of this pool lie in none"
            return "lies \(place), and \(own); configure a pool for where it lies"
        }
        return nil
    }
}
