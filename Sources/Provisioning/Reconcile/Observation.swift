import Catalog
import StorageCore

/// What the catalog wants and what the node has, at one moment.
package struct Observation: Sendable {
    /// Where a volume's filesystem is.
    package enum Place: Equatable, Sendable {
        case own
        case missing
        /// Something that is not the volume's device is mounted on its path.
        case foreign(DevicePath)
        /// It is not mounted, and its pool does not answer: nothing can be done about it now.
        case unknown
    }

    package let volumes: [Volume]
    /// Volumes with an operation that has not ended, and those of them whose operation is being taken back.
    private let busy: Set<VolumeID>
    private let undone: Set<VolumeID>
    private let mounts: [MountPath: ObservedMount]
    private let devices: [VolumeID: DevicePath]
    /// Why a pool does not answer, or that the configuration does not name it any more.
    package let silentPools: [PoolName: String]
    private let granularities: [PoolName: ByteCount]

    init(
        volumes: [Volume], unfinished: [Operation], mounts: [MountPath: ObservedMount], devices: [VolumeID: DevicePath],
        silentPools: [PoolName: String], granularities: [PoolName: ByteCount] = [:]
    ) {
        self.volumes = volumes
        busy = Set(unfinished.map(\.volume.id))
        undone = Set(unfinished.lazy.filter { $0.state == .undoing }.map(\.volume.id))
        self.mounts = mounts
        self.devices = devices
        self.silentPools = silentPools
        self.granularities = granularities
    }

    /// Whether an operation of the volume has not ended.
    package func isBusy(_ volume: VolumeIdentity) -> Bool { busy.contains(volume.id) }

    package func place(of volume: Volume) -> Place {
        // What is mounted goes on being served: a pool that is silent is no reason to cut its clients off.
        if silentPools[volume.pool] != nil { return mounts[volume.path] == nil ? .unknown : .own }
        guard let mounted = mounts[volume.path]?.device else { return .missing }
        return devices[volume.id] == mounted ? .own : .foreign(mounted)
    }

    /// The pool makes the volume's storage a multiple of this; nil if it does not answer.
    package func granularity(of volume: Volume) -> ByteCount? { granularities[volume.pool] }

    /// How the filesystem that is mounted for the volume has failed.
    package func failure(of volume: Volume) -> String? { mounts[volume.path]?.failure }

    /// Volumes whose own filesystem is mounted and that may be exported. One in creation counts: once mounted it is
    /// about to be exported, or is already, and must not be taken for an extra export. One whose creation is being taken
    /// back does not: it was withdrawn, and is about to be unmounted.
    var exportable: [Volume] {
        volumes.filter { volume in
            let isMade = volume.phase == .creating && !undone.contains(volume.id)
            return (volume.phase.isServed || isMade) && place(of: volume) == .own
        }
    }
}

/// Looks at the catalog, the mounts and the pools.
struct Observer: Sendable {
    let catalog: Catalog
    let filesystem: any VolumeFilesystem
    let pools: Pools
    /// A withdrawal that begins meanwhile is safe: a list is served within the export table's lock, and a withdrawal,
    /// which was written to the catalog before, takes that lock after it.
    func look() async throws(StorageError) -> Observation {
        let (volumes, unfinished) = try await catalog.volumesAndUnfinishedOperations()
        // Where they are, which need not be where new ones would be: the configuration may have another root by now.
        let mounts = try await filesystem.mounts(under: Set(volumes.map(\.path.parent)))
        var devices: [VolumeID: DevicePath] = [:]
        var silent: [PoolName: String] = [:]
        var granularities: [PoolName: ByteCount] = [:]
        for pool in pools.all {
            do throws(StorageError) {
                let active = try await pool.backend.active()
                devices.merge(active.devices) { $1 }
                granularities[pool.name] = active.granularity
            } catch {
                silent[pool.name] = error.message
            }
        }
        let known = Set(pools.all.map(\.name))
        for name in Set(volumes.map(\.pool)).subtracting(known) { silent[name] = "the configuration does not name it" }
        return Observation(
            volumes: volumes, unfinished: unfinished, mounts: mounts, devices: devices, silentPools: silent,
            granularities: granularities)
    }
}
