import StorageCore
import Synchronization

/// A pool in memory, of any size, with the rules of a real one.
package struct SimulatedBackend: StorageBackend {
    private let host: SimulatedHost
    private let total: ByteCount
    private let pool = Pool()

    package init(host: SimulatedHost, total: ByteCount) {
        self.host = host
        self.total = total
    }

    private enum Item: Hashable, Sendable {
        case volume(VolumeKey)
        case snapshot(VolumeKey, SnapshotName)

        init(_ reference: SnapshotReference) { self = .snapshot(reference.volume.key, reference.name) }

        var key: VolumeKey {
            switch self {
            case .volume(let key), .snapshot(let key, _): key
            }
        }
    }

    private struct Entry: Sendable {
        let owner: VolumeIdentity
        let image: SimulatedHost.Image
        var device: DevicePath?
    }

    /// Only touched within the host's lock.
    private final class Pool: Sendable {
        let entries = Mutex<[Item: Entry]>([:])
        /// The capacity of all volumes; snapshots take nothing, as with shared extents.
        let promised = Mutex<Int64>(0)

        subscript(item: Item) -> Entry? {
            get { entries.withLock { $0[item] } }
            set { entries.withLock { $0[item] = newValue } }
        }

        /// The entry, if it is of `owner`. Throws `conflict` if it is of a namesake.
        func entry(_ item: Item, of owner: VolumeIdentity) throws(StorageError) -> Entry? {
            guard let entry = self[item] else { return nil }
            guard entry.owner.id == owner.id else {
                throw StorageError(
                    .conflict, "the pool holds \(item.key) with the id \(entry.owner.id), not \(owner.id)",
                    resource: item.key.resource)
            }
            return entry
        }
    }

    package func create(_ volume: VolumeIdentity, capacity: ByteCount) async throws(StorageError) -> Outcome {
        try host.withState { _ in
            if try existing(volume, capacity: capacity) { return .unchanged }
            try add(volume, SimulatedHost.Content(capacity: capacity))
            return .changed
        }
    }

    package func copy(
        _ source: CopySource, to volume: VolumeIdentity, capacity: ByteCount, _ context: CopyContext
    ) async throws(StorageError) -> Outcome {
        try await context.whileFrozen { () async throws(StorageError) in
            try copyNow(source, to: volume, capacity: capacity, context)
        }
    }

    private func copyNow(
        _ source: CopySource, to volume: VolumeIdentity, capacity: ByteCount, _ context: CopyContext
    ) throws(StorageError) -> Outcome {
        try host.withState { _ in
            if try existing(volume, capacity: capacity) { return .unchanged }
            let (item, owner): (Item, VolumeIdentity) =
                switch source {
                case .volume(let origin): (.volume(origin.key), origin)
                case .snapshot(let snapshot): (Item(snapshot), snapshot.volume)
                }
            var content = try required(item, of: owner).image.snapshot
            guard capacity >= content.capacity else {
                throw StorageError(
                    .invalidArgument,
                    "a copy of \(content.capacity) does not fit into \(capacity); ask for as much at least",
                    resource: volume.key.resource)
            }
            content.capacity = capacity
            content.filesystem?.isFrozen = false
            try add(volume, content)
            for done in [.zero, capacity] { context.tell(CopyProgress(done: done, total: capacity)) }
            return .changed
        }
    }

    /// Whether the volume is there as asked for; `conflict` if it has another size.
    private func existing(_ volume: VolumeIdentity, capacity: ByteCount) throws(StorageError) -> Bool {
        guard let entry = try pool.entry(.volume(volume.key), of: volume) else { return false }
        let actual = entry.image.snapshot.capacity
        guard actual == capacity else {
            throw StorageError(
                .conflict, "\(volume.key) is there with \(actual), not \(capacity)", resource: volume.key.resource)
        }
        return true
    }

    private func add(_ volume: VolumeIdentity, _ content: SimulatedHost.Content) throws(StorageError) {
        try promise(content.capacity.bytes, for: volume.key)
        pool[.volume(volume.key)] = Entry(owner: volume, image: SimulatedHost.Image(content), device: nil)
    }

    private func promise(_ bytes: Int64, for key: VolumeKey) throws(StorageError) {
        let available = total.bytes - pool.promised.withLock { $0 }
        guard bytes <= available else {
            throw StorageError(
                .outOfCapacity,
                "\(key) needs \(ByteCount(bytes)), the pool has \(ByteCount(max(0, available))); "
                    + "ask for less, or remove volumes",
                resource: key.resource)
        }
        pool.promised.withLock { $0 += bytes }
    }

    /// The entry that must be there.
    private func required(_ item: Item, of owner: VolumeIdentity) throws(StorageError) -> Entry {
        guard let entry = pool[item], entry.owner.id == owner.id else {
            throw StorageError(
                .notFound, "the pool holds no \(item.key) with the id \(owner.id)", resource: item.key.resource)
        }
        return entry
    }

    package func grow(_ volume: VolumeIdentity, to capacity: ByteCount) async throws(StorageError) -> Outcome {
        try host.withState { _ in
            let entry = try required(.volume(volume.key), of: volume)
            let actual = entry.image.snapshot.capacity
            guard actual < capacity else { return .unchanged }
            try promise((capacity - actual).bytes, for: volume.key)
            entry.image.content.withLock { $0.capacity = capacity }
            return .changed
        }
    }

    package func remove(_ volume: VolumeIdentity) async throws(StorageError) -> Outcome {
        try host.withState { state in
            let item = Item.volume(volume.key)
            guard let entry = pool[item], entry.owner.id == volume.id else { return .unchanged }
            _ = try detach(item, entry, &state)
            pool.promised.withLock { $0 -= entry.image.snapshot.capacity.bytes }
            pool[item] = nil
            return .changed
        }
    }

    package func activate(_ volumes: [VolumeIdentity]) async -> [VolumeID: Result<DevicePath, StorageError>] {
        await each(of: volumes) { volume throws(StorageError) in try attach(volume) }
    }

    private func attach(_ volume: VolumeIdentity) throws(StorageError) -> DevicePath {
        try host.withState { state in
            let item = Item.volume(volume.key)
            var entry = try required(item, of: volume)
            if let device = entry.device { return device }
            let device = state.attach(entry.image)
            entry.device = device
            pool[item] = entry
            return device
        }
    }

    package func deactivate(_ volume: VolumeIdentity) async throws(StorageError) -> Outcome {
        try host.withState { state in
            let item = Item.volume(volume.key)
            guard let entry = pool[item], entry.owner.id == volume.id else { return .unchanged }
            return try detach(item, entry, &state)
        }
    }

    private func detach(
        _ item: Item, _ entry: Entry, _ state: inout SimulatedHost.State
    ) throws(StorageError) -> Outcome {
        guard let device = entry.device else { return .unchanged }
        guard state.devices[device]?.mountCount ?? 0 == 0 else {
            throw StorageError(.busy, "\(device) is mounted", resource: item.key.resource)
        }
        state.devices[device] = nil
        pool[item] = Entry(owner: entry.owner, image: entry.image, device: nil)
        return .changed
    }

    package func createSnapshot(
        _ snapshot: SnapshotReference, _ context: CopyContext
    ) async throws(StorageError) -> Outcome {
        try await context.whileFrozen { () async throws(StorageError) in try snapshotNow(snapshot) }
    }

    private func snapshotNow(_ snapshot: SnapshotReference) throws(StorageError) -> Outcome {
        try host.withState { _ in
            let item = Item(snapshot)
            guard try pool.entry(item, of: snapshot.volume) == nil else { return .unchanged }
            var content = try required(.volume(snapshot.volume.key), of: snapshot.volume).image.snapshot
            content.filesystem?.isFrozen = false
            pool[item] = Entry(owner: snapshot.volume, image: SimulatedHost.Image(content), device: nil)
            return .changed
        }
    }

    package func removeSnapshot(_ snapshot: SnapshotReference) async throws(StorageError) -> Outcome {
        try host.withState { _ in
            guard let entry = pool[Item(snapshot)], entry.owner.id == snapshot.volume.id else { return .unchanged }
            pool[Item(snapshot)] = nil
            return .changed
        }
    }

    package func inventory() async throws(StorageError) -> PoolInventory {
        // Only the look itself keeps others waiting, not the sorting of what it found.
        let entries = try host.withState { _ in pool.entries.withLock { $0 } }
        var inventory = PoolInventory()
        for (item, entry) in entries {
            switch item {
            case .volume:
                inventory.volumes.append(
                    PoolInventory.Entry(
                        identity: entry.owner, capacity: entry.image.snapshot.capacity, device: entry.device))
            case .snapshot(_, let name):
                inventory.snapshots.append(
                    PoolInventory.SnapshotEntry(
                        reference: SnapshotReference(volume: entry.owner, name: name),
                        capacity: entry.image.snapshot.capacity))
            }
        }
        inventory.sort()
        return inventory
    }

    package func usage() async throws(StorageError) -> PoolUsage {
        let promised = pool.promised.withLock { $0 }
        return PoolUsage(total: total, available: total - ByteCount(promised))
    }
}
