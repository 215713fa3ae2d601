import StorageCore

extension VolumeManager {
    /// Ensures that no volume of this node is mounted or has a device; the NFS server was stopped before. Records and data stay, so the
    /// next start brings all back. Answers how many were unmounted. `busy` naming the holders of the first that is in use;
    /// the others are unmounted then.
    package func unmountAll() async throws(StorageError) -> Int {
        var count = 0
        var refusal: StorageError?
        for volume in try await catalog.volumes() {
            do throws(StorageError) {
                if try await filesystem.unmount(volume.path) == .changed { count += 1 }
                _ = try await pools[volume.pool].backend.deactivate(volume.identity)
            } catch {
                refusal = refusal ?? error.about(volume.key.resource)
            }
        }
        if let refusal { throw refusal }
        return count
    }
}
