import CRBD
import Glibc
import RBDWire

/// Images that are to go. Their data goes object by object, which takes long; who removes one does not wait for that.
extension Cluster {
    func moveToTrash(_ name: String, _ metadata: [String: String]) throws(RBDFailure) {
        try open(name, in: removals) { image throws(RBDFailure) in try set(metadata, of: image, name) }
        try check(rbd_trash_move(removals, name, 0), "moving \(name) to the trash")
    }

    func trash() throws(RBDFailure) -> [(id: String, name: String)] {
        let entries = try list("listing the trash", rbd_trash_image_info_t()) { rbd_trash_list(pool, $0, $1) }
        defer { var entries = entries; rbd_trash_list_cleanup(&entries, entries.count) }
        return entries.map { (String(cString: $0.id), String(cString: $0.name)) }
    }

    /// One that cannot be removed keeps none of the others: clones may share its data, somebody may have it open, or it may be somebody
    /// else's affair.
    func purge(_ prefix: String, _ mark: [String: String], _ progress: Progress) throws(RBDFailure) -> Int64 {
        var left: Int64 = 0
        for entry in try trash() where entry.name.hasPrefix(prefix) {
            guard try isMarked(entry.id, mark) else { continue }
            let result = progress.following { rbd_trash_remove_with_progress(removals, entry.id, false, $0, $1) }
            if [ETIMEDOUT, ESHUTDOWN].contains(-result) { try check(result, "removing \(entry.name) from the trash") }
            if result < 0, result != -ENOENT { left += 1 }
        }
        return left
    }

    private func isMarked(_ id: String, _ mark: [String: String]) throws(RBDFailure) -> Bool {
        do throws(RBDFailure) {
            let found = try open(id: id) { image throws(RBDFailure) in try metadata(of: image, id) }
            return mark.allSatisfy { found[$0.key] == $0.value }
        } catch  where error.code == ENOENT {
            // Of one that was being removed the header goes first.
            return true
        }
    }
}
