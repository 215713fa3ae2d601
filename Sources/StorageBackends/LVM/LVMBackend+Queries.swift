import HostTools
import StorageCore

extension LVMBackend {
    /// How old what LVM said may be when somebody only looks: every look takes the group's lock, and starts a program.
    /// Whether a volume is active is asked of the kernel, and is of now.
    private static let patience = Duration.seconds(30)

    package func inventory() async throws(StorageError) -> PoolInventory {
        let report = try await group.exclusively { () async throws(StorageError) in
            try await group.look(notOlderThan: Self.patience)
        }
        var inventory = PoolInventory()
        inventory.granularity = max(report.extent, VolumeSpec.granularity)
        for found in report.volumes {
            guard let tags = found.tags else {
                if found.name != policy.thinPool { inventory.foreign.append(found.name) }
                continue
            }
            switch tags.role {
            case .volume:
                let device = try activeDevice(of: tags.volume)
                inventory.volumes.append(
                    .init(
                        identity: tags.volume, capacity: found.size, device: device,
                        isAtHome: found.pool == policy.thinPool, fsid: tags.fsid))
            case .snapshot:
                if let reference = tags.reference {
                    inventory.snapshots.append(.init(reference: reference, capacity: found.size))
                }
            case .partial, .source, .removed: break
            }
        }
        inventory.sort()
        return inventory
    }

    package func usage() async throws(StorageError) -> PoolUsage {
        let report = try await group.exclusively { () async throws(StorageError) in
            try await group.look(notOlderThan: Self.patience)
        }
        return try policy.usage(report)
    }
}
