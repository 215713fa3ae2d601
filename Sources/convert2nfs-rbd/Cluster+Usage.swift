import CRBD
import Glibc
import RBDWire

/// What is written, as rbd(8) counts it for `du`: by the maps of objects that the image and its snapshots have (fast-diff).
extension Cluster {
    func stored(_ name: String, _ progress: Progress) throws(RBDFailure) -> Int64 {
        try open(name, isReadOnly: true) { image throws(RBDFailure) in
            var sum: Int64 = 0
            var last: String?
            for snapshot in try snapshots(of: image, name) {
                try check(rbd_snap_set(image, snapshot.name), "looking at \(name)@\(snapshot.name)")
                sum = Self.sum(sum, try written(in: image, since: last, name, progress))
                last = snapshot.name
            }
            try check(rbd_snap_set(image, nil), "looking at \(name)")
            return Self.sum(sum, try written(in: image, since: last, name, progress))
        }
    }

    /// In what is looked at.
    private func written(
        in image: rbd_image_t, since snapshot: String?, _ name: String, _ progress: Progress
    ) throws(RBDFailure) -> Int64 {
        let action = "asking what \(name) takes"
        var (flags, features): (UInt64, UInt64) = (0, 0)
        try check(rbd_get_flags(image, &flags), action)
        try check(rbd_get_features(image, &features), action)
        guard features & UInt64(RBD_FEATURE_FAST_DIFF) != 0, flags & UInt64(RBD_FLAG_FAST_DIFF_INVALID) == 0 else {
            throw RBDFailure(code: EOPNOTSUPP, action: action)
        }
        let (count, size) = (Count(progress), UInt64(try size(of: image, name)))
        let result = rbd_diff_iterate2(
            image, snapshot, 0, size, 0, 1,
            { offset, length, exists, count in
                if let count {
                    Unmanaged<Count>.fromOpaque(count).takeUnretainedValue().add(offset, length, exists != 0)
                }
                return 0
            }, Unmanaged.passUnretained(count).toOpaque())
        try check(result, action)
        return count.bytes
    }
}

/// What was found so far.
private final class Count {
    private(set) var bytes: Int64 = 0
    private let progress: Progress

    init(_ progress: Progress) { self.progress = progress }

    func add(_ offset: UInt64, _ length: Int, _ exists: Bool) {
        if exists { bytes += Int64(length) }
        progress.tell(offset, offset + UInt64(length))
    }
}
