import Glibc

/// When files were last changed, as they say themselves.
package enum FileTimes {
    /// Sets the times of change of `files`, paths below `root` as the filesystem has them, back by the least there is: a nanosecond. Fine if one is gone
    /// meanwhile. Nobody else may change anything below `root`.
    package static func setBack(_ files: [[UInt8]], in root: String) throws(HostError) {
        let base = try Descriptor(opening: root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        for file in files {
            let path = file.map(CChar.init(bitPattern:)) + [0]
            var status = stat()
            guard fstatat(base.raw, path, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            var changed = status.st_mtim
            if changed.tv_nsec > 0 {
                changed.tv_nsec -= 1
            } else {
                changed = timespec(tv_sec: changed.tv_sec - 1, tv_nsec: 999_999_999)
            }
            let times = [status.st_atim, changed]
            try systemCall("utimensat", String(decoding: file, as: UTF8.self)) {
                utimensat(base.raw, path, times, AT_SYMLINK_NOFOLLOW)
            }
        }
    }
}
