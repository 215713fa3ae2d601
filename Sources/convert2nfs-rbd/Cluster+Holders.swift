import CRBD
import Glibc
import RBDWire

/// Who has an image.
extension Cluster {
    func watchers(_ name: String) throws(RBDFailure) -> [String] {
        // One that only reads is none itself.
        try open(name, isReadOnly: true) { image throws(RBDFailure) in
            let found = try list("asking who has \(name)", rbd_image_watcher_t()) { rbd_watchers_list(image, $0, $1) }
            defer { var found = found; rbd_watchers_list_cleanup(&found, found.count) }
            return found.map { String(cString: $0.addr) }
        }
    }

    /// librbd answers it only to one who could write.
    func lockOwners(_ name: String) throws(RBDFailure) -> [String] {
        try open(name) { image throws(RBDFailure) in
            var mode = RBD_LOCK_MODE_EXCLUSIVE
            var owners = [UnsafeMutablePointer<CChar>?](repeating: nil, count: 1)
            var count = owners.count
            let result = rbd_lock_get_owners(image, &mode, &owners, &count)
            if result == -ENOENT { return [] }
            try check(result, "asking who has the lock of \(name)")
            defer { rbd_lock_get_owners_cleanup(&owners, count) }
            return owners.prefix(count).compactMap { $0.map { String(cString: $0) } }
        }
    }

    func breakLock(_ name: String, owner: String) throws(RBDFailure) {
        try open(name) { image throws(RBDFailure) in
            let result = rbd_lock_break(image, RBD_LOCK_MODE_EXCLUSIVE, owner)
            if result != -ENOENT { try check(result, "taking the lock of \(name) from \(owner)") }
        }
    }
}
