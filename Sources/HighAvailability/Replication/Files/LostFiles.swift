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

/// Files that were changed while they were copied, or just before. One that is changed again within the same tick of the clock says the same time, and so
/// would count as copied for ever: its copy is given another time, so that it is copied once more.
struct RecentFiles: Sendable {
    let files: ChangedFiles
    private let work = BlockingWork(label: "recent files")

    init(files: ChangedFiles) { self.files = files }

    /// Of the copy in `path`, whose original may have been changed from `moment` to `end`, while it was copied.
    func distrust(in path: MountPath, since moment: Double, until end: Double) async throws(StorageError) {
        do throws(HostError) {
            let recent = try await files.since(moment, until: end, by: .modification, in: path.value)
            guard !recent.isEmpty else { return }
            try await work.run("marking what is to be copied again", deadline: .seconds(600)) { _ throws(HostError) in
                try FileTimes.setBack(recent, in: path.value)
            }
        } catch {
            throw StorageError(
                .unavailable, "what was changed while it was copied cannot be marked in \(path): \(error)")
        }
    }
}
