import HostTools
import StorageCore

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
