import CRBD
import Glibc
import RBDWire

/// What is written, as rbd(8) counts it for `du`: by the maps of objects that the image and its snapshots have (fast-diff).
extension Cluster {
    func stored(_ name: String) throws(RBDFailure) -> Int64 {
        try open(name, isReadOnly: true) { image throws(RBDFailure) in
            var sum: Int64 = 0
            var last: String?
            for snapshot in try snapshots(of: image, name) {
                try check(rbd_snap_set(image, snapshot.name), "looking at \(name)@\(snapshot.name)")
                sum = Self.sum(sum, try written(in: image, since: last, name))
                last = snapshot.name
            }
            try check(rbd_snap_set(image, nil), "looking at \(name)")
            return Self.sum(sum, try written(in: image, since: last, name))
        }
    }

    /// In what is looked at.
    private func written(
        in image: rbd_image_t, since snapshot: String?, _ name: String
    ) throws(RBDFailure) -> Int64 {
        let action = "asking what \(name) takes"
        var (flags, features): (UInt64, UInt64) = (0, 0)
        try check(rbd_get_flags(image, &flags), action)
        try check(rbd_get_features(image, &features), action)
        guard features & UInt64(RBD_FEATURE_FAST_DIFF) != 0, flags & UInt64(RBD_FLAG_FAST_DIFF_INVALID) == 0 else {
            throw RBDFailure(code: EOPNOTSUPP, action: action)
        }
        var found: Int64 = 0
        let result = rbd_diff_iterate2(
            image, snapshot, 0, UInt64(try size(of: image, name)), 0, 1,
            { _, length, exists, sum in
                if exists != 0 { sum?.assumingMemoryBound(to: Int64.self).pointee += Int64(length) }
                return 0
            }, &found)
        try check(result, action)
        return found
    }
}
