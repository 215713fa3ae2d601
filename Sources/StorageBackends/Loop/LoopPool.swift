import StorageCore

/// A loop pool as it is configured.
package struct LoopPool: Sendable {
    package let name: PoolName
    /// Where its images are; made (0700) when the pool is used for the first time, and never again.
    package let directory: String
    /// The file, outside of the pool, that remembers which pool the directory holds.
    package let record: String
    /// How many times the room of the filesystem may be promised; with 1 every volume can be filled.
    package let overcommit: Double
    /// Whether the catalog has volumes that lie in it: then a directory without any is not the pool.
    package let holdsVolumes: Bool

    /// Throws `invalidArgument` for a directory that is not absolute or an overcommit that is not 1 to 1000.
    package init(
        name: PoolName, directory: String, record: String, overcommit: Double, holdsVolumes: Bool
    ) throws(StorageError) {
        guard directory.hasPrefix("/"), overcommit >= 1, overcommit <= 1000 else {
            throw StorageError(
                .invalidArgument,
                "a loop pool needs an absolute directory and an overcommit of 1 to 1000, not \(directory) and \(overcommit)"
            )
        }
        self.name = name
        self.directory = directory
        self.record = record
        self.overcommit = overcommit
        self.holdsVolumes = holdsVolumes
    }
}
