/// A pool of block storage that volumes are carved from. One conformance suite (TestSupport) is run by every
/// implementation. All methods are idempotent: they ensure a state and say whether they changed anything; asking for
/// the state that is there answers `.unchanged`. None of them formats, mounts or exports. Callers hold the volume's
/// lock, so no two calls about one volume run at once; calls about different volumes do. All need root where the real
/// pool does.
///
/// Errors: `outOfCapacity` when the pool has no room (nothing is left behind), `busy` when something holds the device,
/// `notFound` for storage that is not there where it must be, `unavailable` when the pool does not answer,
/// `internal` for the rest.
package protocol StorageBackend: Sendable {
    /// Ensures blank storage of exactly `capacity` for the volume, carrying its identity, active or not.
    /// `conflict` if storage of that name carries another id.
    func create(_ volume: VolumeIdentity, capacity: ByteCount) async throws(StorageError) -> Outcome

    /// Ensures storage for the volume with the content of `source` at one moment, of `capacity` (at least the source's).
    /// A source volume that is mounted is frozen through `context` for as long as the pool needs it. The copy still has
    /// the source's filesystem UUID; see `VolumeFilesystem.renew`.
    func copy(
        _ source: CopySource, to volume: VolumeIdentity, capacity: ByteCount, _ context: CopyContext
    ) async throws(StorageError) -> Outcome

    /// Ensures at least `capacity`, online. Never shrinks.
    func grow(_ volume: VolumeIdentity, to capacity: ByteCount) async throws(StorageError) -> Outcome

    /// Ensures nothing is left of the volume, half-made parts included. `busy` if its device is mounted. Snapshots of
    /// it stay; where a pool cannot keep them without it, they make it a `conflict`.
    func remove(_ volume: VolumeIdentity) async throws(StorageError) -> Outcome

    /// Ensures each of the volumes has a block device, and answers it, or why there is none. A device's number may differ after
    /// every activation. Many at once cost a pool little more than one.
    func activate(_ volumes: [VolumeIdentity]) async -> [VolumeID: Result<DevicePath, StorageError>]

    /// Ensures the volume has no block device. `busy` if it is mounted.
    func deactivate(_ volume: VolumeIdentity) async throws(StorageError) -> Outcome

    /// Ensures a snapshot of the volume as it is at one moment; one that is mounted is frozen through `context` for as
    /// long as the pool needs it. A snapshot that exists is left as it is.
    func createSnapshot(
        _ snapshot: SnapshotReference, _ context: CopyContext
    ) async throws(StorageError) -> Outcome

    /// Ensures nothing is left of the snapshot, half-made parts included.
    func removeSnapshot(_ snapshot: SnapshotReference) async throws(StorageError) -> Outcome

    /// Everything in the pool: what is ours with its identity, and what is foreign.
    func inventory() async throws(StorageError) -> PoolInventory

    /// The devices of those of `inventory` that are active. Asked all the time, so it is to cost little.
    func active() async throws(StorageError) -> ActiveVolumes

    /// What the pool has and has left.
    func usage() async throws(StorageError) -> PoolUsage

    /// What the volume and its snapshots take in the pool; nil where that cannot be said at little cost. What it shares with a volume that it
    /// is a copy of is that one's.
    func stored(_ volume: VolumeIdentity) async throws(StorageError) -> ByteCount?

    /// Does what the first question would wait for. Nothing comes of it but that, whatever fails.
    func prepare() async
}

extension StorageBackend {
    package func prepare() async { _ = try? await inventory() }

    package func stored(_ volume: VolumeIdentity) async throws(StorageError) -> ByteCount? { nil }

    package func active() async throws(StorageError) -> ActiveVolumes { ActiveVolumes(try await inventory()) }

    /// Ensures the volume has a block device and answers it.
    package func activate(_ volume: VolumeIdentity) async throws(StorageError) -> DevicePath {
        guard let answer = await activate([volume])[volume.id] else {
            throw StorageError(
                .internal, "the pool said nothing of the device of \(volume.key)", resource: volume.key.resource)
        }
        return try answer.get()
    }
}

/// A snapshot as its storage names it: the volume's identity keeps snapshots of a deleted namesake apart.
package struct SnapshotReference: Hashable, Sendable, Codable {
    package let volume: VolumeIdentity
    package let name: SnapshotName

    package init(volume: VolumeIdentity, name: SnapshotName) {
        self.volume = volume
        self.name = name
    }
}

package enum CopySource: Hashable, Sendable, Codable {
    case volume(VolumeIdentity)
    case snapshot(SnapshotReference)
}

/// A block device node, like `/dev/loop3`.
package struct DevicePath: Hashable, Sendable, Codable, CustomStringConvertible {
    package let value: String
    package init(_ value: String) { self.value = value }
    package var description: String { value }
}

package struct ActiveVolumes: Sendable, Hashable {
    package var devices: [VolumeID: DevicePath]
    /// See `PoolInventory.granularity`.
    package var granularity: ByteCount

    package init(devices: [VolumeID: DevicePath], granularity: ByteCount = VolumeSpec.granularity) {
        self.devices = devices
        self.granularity = granularity
    }

    package init(_ inventory: PoolInventory) {
        self.init(devices: [:], granularity: inventory.granularity)
        for entry in inventory.volumes { devices[entry.identity.id] = entry.device }
    }
}

package struct PoolInventory: Sendable, Hashable {
    package struct Entry: Sendable, Hashable {
        package let identity: VolumeIdentity
        package let capacity: ByteCount
        /// Nil while it is not active.
        package let device: DevicePath?
        /// False where another pool that shares the storage would have made it: a thin volume that lies beside thick ones.
        package let isAtHome: Bool
        /// Of its export, where it was adopted with another than its own.
        package let fsid: ExportFSID?

        package init(
            identity: VolumeIdentity, capacity: ByteCount, device: DevicePath?, isAtHome: Bool = true,
            fsid: ExportFSID? = nil
        ) {
            self.identity = identity
            self.capacity = capacity
            self.device = device
            self.isAtHome = isAtHome
            self.fsid = fsid
        }
    }

    package struct SnapshotEntry: Sendable, Hashable {
        package let reference: SnapshotReference
        /// Its origin's when it was taken; zero for one that is not whole.
        package let capacity: ByteCount

        package init(reference: SnapshotReference, capacity: ByteCount) {
            self.reference = reference
            self.capacity = capacity
        }
    }

    package var volumes: [Entry]
    package var snapshots: [SnapshotEntry]
    /// What lies in the pool and is not ours, as an operator would name it. It is never touched.
    package var foreign: [String]
    /// A volume's storage is its capacity rounded up to a multiple of this.
    package var granularity = VolumeSpec.granularity

    /// Whether nothing lies in the pool.
    package var isEmpty: Bool { volumes.isEmpty && snapshots.isEmpty && foreign.isEmpty }

    package init(volumes: [Entry] = [], snapshots: [SnapshotEntry] = [], foreign: [String] = []) {
        self.volumes = volumes
        self.snapshots = snapshots
        self.foreign = foreign
    }

    /// By their names.
    package mutating func sort() {
        volumes.sort { $0.identity.key < $1.identity.key }
        snapshots.sort {
            ($0.reference.volume.key, $0.reference.name) < ($1.reference.volume.key, $1.reference.name)
        }
        foreign.sort()
    }
}

package struct PoolUsage: Sendable, Hashable, Codable {
    package let total: ByteCount
    /// What new volumes may still take, promises to existing ones deducted.
    package let available: ByteCount
    /// Why nothing new is begun although the pool answers, and what to do; nil where all is well.
    package let warning: String?

    package init(total: ByteCount, available: ByteCount, warning: String? = nil) {
        self.total = total
        self.available = available
        self.warning = warning
    }
}
