import StorageCore

/// A filesystem whose changing calls go through a `FaultPlan`.
package struct FaultyFilesystem: VolumeFilesystem {
    private let base: any VolumeFilesystem
    private let plan: FaultPlan

    package init(_ base: any VolumeFilesystem, _ plan: FaultPlan) {
        self.base = base
        self.plan = plan
    }

    package func format(
        _ device: DevicePath, as kind: FilesystemKind, id: VolumeID
    ) async throws(StorageError) -> Outcome {
        try await plan.run("filesystem.format") { () async throws(StorageError) in
            try await base.format(device, as: kind, id: id)
        }
    }

    package func renew(
        _ device: DevicePath, as kind: FilesystemKind, id: VolumeID
    ) async throws(StorageError) -> Outcome {
        try await plan.run("filesystem.renew") { () async throws(StorageError) in
            try await base.renew(device, as: kind, id: id)
        }
    }

    package func mount(
        _ device: DevicePath, as kind: FilesystemKind, at path: MountPath
    ) async throws(StorageError) -> Outcome {
        try await plan.run("filesystem.mount") { () async throws(StorageError) in
            try await base.mount(device, as: kind, at: path)
        }
    }

    package func unmount(
        _ device: DevicePath?, of id: VolumeID, from path: MountPath
    ) async throws(StorageError) -> Outcome {
        try await plan.run("filesystem.unmount") { () async throws(StorageError) in
            try await base.unmount(device, of: id, from: path)
        }
    }

    package func grow(_ path: MountPath, as kind: FilesystemKind) async throws(StorageError) -> Outcome {
        try await plan.run("filesystem.grow") { () async throws(StorageError) in
            try await base.grow(path, as: kind)
        }
    }

    package func freeze(_ path: MountPath) async throws(StorageError) -> Outcome {
        try await plan.run("filesystem.freeze") { () async throws(StorageError) in try await base.freeze(path) }
    }

    package func thaw(_ path: MountPath) async throws(StorageError) -> Outcome {
        try await plan.run("filesystem.thaw") { () async throws(StorageError) in try await base.thaw(path) }
    }

    package func mounted(at path: MountPath) async throws(StorageError) -> DevicePath? {
        try await base.mounted(at: path)
    }

    package func mounts(under roots: Set<String>) async throws(StorageError) -> [MountPath: ObservedMount] {
        try await base.mounts(under: roots)
    }

    package func identify(_ device: DevicePath) async throws(StorageError) -> IdentifiedFilesystem? {
        try await base.identify(device)
    }

    package func usage(of path: MountPath) async throws(StorageError) -> FilesystemUsage? {
        try await base.usage(of: path)
    }
}
