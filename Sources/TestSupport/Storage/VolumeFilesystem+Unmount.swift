import StorageCore

extension VolumeFilesystem {
    /// Unmounts whatever is mounted at `path`, as an administrator's hand would.
    package func unmount(_ path: MountPath) async throws(StorageError) -> Outcome {
        guard let device = try await mounted(at: path) else { return .unchanged }
        return try await unmount(device, of: VolumeID(), from: path)
    }
}
