import HostTools
import StorageCore

/// What was written on a node that then lost the service, after the other node had copied for the last time: it is kept before the other's files
/// come over it.
struct LostFiles: Sendable {
    let files: ChangedFiles
    private let work = BlockingWork(label: "kept files")

    init(files: ChangedFiles) { self.files = files }

    /// Keeps what has changed in the volume at `path` since `moment`, all if that is nil, below `RsyncSettings.kept` and `name`, which is new. Answers how
    /// many files that are.
    func keep(at path: MountPath, since moment: Double?, as name: String) async throws(StorageError) -> Int {
        do throws(HostError) {
            let changed = try await files.since(moment, by: .change, in: path.value)
            guard !changed.isEmpty else { return 0 }
            return try await work.run("keeping files", deadline: .seconds(3600)) { _ throws(HostError) in
                try KeptFiles.link(changed, in: path.value, into: RsyncSettings.kept, name)
                return changed.count
            }
        } catch {
            throw StorageError(
                .unavailable, "what was written in \(path) before the other node took over cannot be kept: \(error)")
        }
    }
}
