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
    }

    let volumes: [Volume]
    private let mounts: [MountPath: DevicePath]
    private let devices: [VolumeID: DevicePath]

    init(volumes: [Volume], mounts: [MountPath: DevicePath], devices: [VolumeID: DevicePath]) {
        self.volumes = volumes
        self.mounts = mounts
        self.devices = devices
    }

    func place(of volume: Volume) -> Place {
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
        for pool in pools.all {
            for entry in try await pool.backend.inventory().volumes { devices[entry.identity.id] = entry.device }
        }
        // The catalog last: a volume whose deletion began meanwhile is not among the served any more.
        return Observation(volumes: try await catalog.volumes(), mounts: mounts, devices: devices)
    }
}
