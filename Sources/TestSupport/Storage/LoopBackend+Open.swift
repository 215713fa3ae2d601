import StorageBackends
import StorageCore

extension LoopBackend {
    /// What remembers which pool the directory holds is in a directory beside it, as `DIRECTORY.state/pools/test.json`.
    package static func open(
        _ directory: String, overcommit: Double = 1, holdsVolumes: Bool = false,
        note: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> LoopBackend {
        LoopBackend(
            try LoopPool(
                name: try PoolName("test"), directory: directory, record: "\(directory).state/pools/test.json",
                overcommit: overcommit, holdsVolumes: holdsVolumes), note: note)
    }
}
