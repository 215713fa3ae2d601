import StorageCore

extension VolumeManager {
    /// So much of a filesystem is looked through at once, which cannot be interrupted, before whoever waits for the volume has his turn.
    private static let portion = ByteCount.gibibytes(1)

    /// Makes the volumes of the pool give back what their filesystems have freed, one after the other; answers how much that was. One that
    /// something else works on, or that cannot be trimmed, is left to the next time.
    func trim(_ pool: PoolName) async throws(StorageError) -> ByteCount {
        guard let trimmer = settings.trimmer else { return .zero }
        var sum = ByteCount.zero
        for volume in try await servedVolumes() where volume.pool == pool && !Task.isCancelled {
            do throws(StorageError) { sum = sum + (try await trim(volume, trimmer)) } catch {
                logger.debug("\(volume.key) was not trimmed: \(error)")
            }
        }
        return sum
    }

    private func trim(_ volume: Volume, _ trimmer: any FilesystemTrimmer) async throws(StorageError) -> ByteCount {
        var (sum, start) = (ByteCount.zero, ByteCount.zero)
        while start < volume.capacity, !Task.isCancelled {
            try await acquire([volume.key])
            let result: Result<ByteCount, StorageError>
            do throws(StorageError) {
                // It may be another by now.
                try await requireMounted(volume)
                result = .success(try await trimmer.trim(volume.path, from: start, count: Self.portion))
            } catch {
                result = .failure(error)
            }
            lock.release([volume.key])
            sum = sum + (try result.get())
            start = start + Self.portion
        }
        return sum
    }
}
