import Catalog
import StorageCore

/// What the catalog wants and what the node has, at one moment.
struct Observation: Sendable {
    /// Where a volume's filesystem is.
    enum Place: Equatable {
        case own
        case missing
        /// Something that is not the volume's device is mounted on its path.
        case foreign(DevicePath)
        /// It is not mounted, and its pool does not answer: nothing can be done about it now.
        case unknown
    }

    let volumes: [Volume]
    private let mounts: [MountPath: DevicePath]
    private let devices: [VolumeID: DevicePath]
    /// Why a pool does not answer, or that the configuration does not name it any more.
    let silentPools: [PoolName: String]

    init(
        volumes: [Volume], mounts: [MountPath: DevicePath], devices: [VolumeID: DevicePath],
        silentPools: [PoolName: String]
    ) {
        self.volumes = volumes
        self.mounts = mounts
        self.devices = devices
        self.silentPools = silentPools
    }

    func place(of volume: Volume) -> Place {
        // What is mounted goes on being served: a pool that is silent is no reason to cut its clients off.
        if silentPools[volume.pool] != nil { return mounts[volume.path] == nil ? .unknown : .own }
        guard let mounted = mounts[volume.path] else { return .missing }
        return devices[volume.id] == mounted ? .own : .foreign(mounted)
    }

    /// Volumes whose own filesystem is mounted and that may be exported. One in creation counts: once mounted it is
    /// about to be exported, or is already, and must not be taken for an extra export.
    var exportable: [Volume] {
        volumes.filter { ($0.phase.isServed || $0.phase == .creating) && place(of: $0) == .own }
    }
}

/// Looks at the catalog, the mounts and the pools.
struct Observer: Sendable {
    let catalog: Catalog
    let filesystem: any VolumeFilesystem
    let pools: Pools
    let root: String

    func look() async throws(StorageError) -> Observation {
        let mounts = try await filesystem.mounts(under: root)
        var devices: [VolumeID: DevicePath] = [:]
        var silent: [PoolName: String] = [:]
        for pool in pools.all {
            do throws(StorageError) {
                for entry in try await pool.backend.inventory().volumes { devices[entry.identity.id] = entry.device }
            } catch {
                silent[pool.name] = error.message
            }
        }
        // The catalog last: a volume whose deletion began meanwhile is not among the served any more.
        let volumes = try await catalog.volumes()
        let known = Set(pools.all.map(\.name))
        for name in Set(volumes.map(\.pool)).subtracting(known) { silent[name] = "the configuration does not name it" }
        return Observation(volumes: volumes, mounts: mounts, devices: devices, silentPools: silent)
    }
}
