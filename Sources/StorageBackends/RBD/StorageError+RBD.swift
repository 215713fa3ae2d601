import Glibc
import RBDWire
import StorageCore

extension StorageError {
    /// What Ceph has refused, as an operator needs to hear it. The only place where one is mapped to the other.
    init(rbd failure: RBDFailure, _ place: RBDPlace) {
        let what = "the Ceph pool \(place.path): \(failure.action)"
        switch failure.code {
        case ENOENT: self.init(.notFound, "\(what): it is not there")
        case EEXIST: self.init(.conflict, "\(what): there is one already")
        case EBUSY: self.init(.busy, "\(what): it is in use")
        case EROFS: self.init(.busy, "\(what): another client has its lock and does not give it away; see rbd lock ls")
        case ENOSPC, EDQUOT:
            self.init(
                .outOfCapacity,
                "\(what): the pool is full, or has reached its quota; see ceph df and ceph health detail")
        case EAGAIN: self.init(.unavailable, what)
        case EACCES, EPERM:
            self.init(
                .unavailable,
                "\(what): Ceph refuses the user \(place.user) or its key; see its keyring on this node, and ceph auth get "
                    + "client.\(place.user)")
        // EBLOCKLISTED of Ceph (src/include/rados.h).
        case ESHUTDOWN:
            self.init(
                .unavailable,
                "\(what): this node is on Ceph's blocklist, since another one serves; see ceph osd blocklist ls")
        case ETIMEDOUT, ECONNREFUSED, ECONNRESET, EHOSTUNREACH, ENETUNREACH, ENOTCONN, EIO:
            self.init(
                .unavailable,
                "\(what): Ceph does not answer (\(String(cString: strerror(failure.code)))); see ceph health detail, and "
                    + "the way from this node to its monitors and OSDs")
        default: self.init(.internal, "\(what): \(String(cString: strerror(failure.code)))")
        }
    }
}
