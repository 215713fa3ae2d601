import CRBD
import Glibc
import RBDWire

/// Images that are to go. Their data goes object by object, which takes long; who removes one does not wait for that.
extension Cluster {
    func moveToTrash(_ name: String, _ metadata: [String: String]) throws(RBDFailure) {
        try open(name, in: removals) { image throws(RBDFailure) in try set(metadata, of: image, name) }
        try check(rbd_trash_move(removals, name, 0), "moving \(name) to the trash")
    }

    func purge(_ prefix: String, _ mark: [String: String], _ progress: Progress) throws(RBDFailure) -> Int64 {
        let entries = try list("listing the trash", rbd_trash_image_info_t()) { rbd_trash_list(pool, $0, $1) }
        defer { var entries = entries; rbd_trash_list_cleanup(&entries, entries.count) }
        let own = entries.filter { String(cString: $0.name).hasPrefix(prefix) }.map { String(cString: $0.id) }
        var left: Int64 = 0
        for id in own where try isMarked(id, mark) {
            let result = progress.following { rbd_trash_remove_with_progress(removals, id, false, $0, $1) }
            switch -result {
            case ENOENT: break
            // Clones share its data, or somebody has it open still.
            case EBUSY, ENOTEMPTY: left += 1
            default: try check(result, "removing from the trash what was deleted")
            }
        }
        return left
    }

    private func isMarked(_ id: String, _ mark: [String: String]) throws(RBDFailure) -> Bool {
        do throws(RBDFailure) {
            let found = try open(id: id) { image throws(RBDFailure) in try metadata(of: image, id) }
            return mark.allSatisfy { found[$0.key] == $0.value }
        } catch  where error.code == ENOENT {
            return false
        }
    }
}
