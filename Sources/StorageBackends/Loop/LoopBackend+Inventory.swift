import HostTools
import StorageCore

extension LoopBackend {
    /// What is ours includes what a crash left half-made: a volume of which there is no image yet has the capacity
    /// zero. `remove` and `removeSnapshot` take it away.
    package func inventory() async throws(StorageError) -> PoolInventory {
        try await perform("listing \(directory.path)", directory.path) { _, _ in
            let listing = try directory.list()
            let devices = try attachments.scan()
            var inventory = PoolInventory(foreign: listing.foreign)
            for (item, state) in listing.items {
                guard let identity = state.identity else { continue }
                switch item {
                case .volume:
                    let device = state.image.flatMap { devices[$0.id] }
                    inventory.volumes.append(
                        PoolInventory.Entry(
                            identity: identity.volume, capacity: ByteCount(state.image?.size ?? 0),
                            device: device.map { DevicePath($0.path) }))
                case .snapshot(_, let name):
                    inventory.snapshots.append(
                        PoolInventory.SnapshotEntry(
                            reference: SnapshotReference(volume: identity.volume, name: name),
                            capacity: ByteCount(state.image?.size ?? 0)))
                }
            }
            inventory.sort()
            return inventory
        }
    }

    package func usage() async throws(StorageError) -> PoolUsage {
        try await perform("measuring \(directory.path)", directory.path) { capacity, _ in
            let (total, available) = try capacity.usage()
            return PoolUsage(total: ByteCount(total), available: ByteCount(available))
        }
    }
}
