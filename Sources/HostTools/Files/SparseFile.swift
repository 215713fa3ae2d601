import CHostShims
import Glibc

/// Large files of which much is holes: images. Every call but `copy` is short; all block, so run them in
/// `BlockingWork`.
package enum SparseFile {
    /// Makes a file of `size` that takes no room yet, and syncs it. EEXIST (`systemCall`) if there is one. EFBIG,
    /// ENOSPC or EDQUOT if the filesystem cannot; nothing is left behind then. The directory is not synced.
    package static func create(_ path: String, size: Int64, mode: mode_t = 0o600) throws(HostError) {
        let file = try Descriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
        do {
            try systemCall("ftruncate", path) { ftruncate(file.raw, off_t(size)) }
            try file.sync(path)
        } catch {
            unlink(path)
            throw error
        }
    }

    /// Grows or shrinks the file that is there, and syncs it.
    package static func resize(_ path: String, to size: Int64) throws(HostError) {
        let file = try Descriptor(opening: path, O_WRONLY | O_NOFOLLOW)
        try systemCall("ftruncate", path) { ftruncate(file.raw, off_t(size)) }
        try file.sync(path)
    }

    /// Gives the file another name, over whatever has that name. The directory is not synced.
    package static func rename(_ path: String, to target: String) throws(HostError) {
        try systemCall("rename", target) { Glibc.rename(path, target) }
    }

    /// Makes `target` share the extents of `source` (FICLONE, ioctl_ficlone(2)), and syncs it. EEXIST if there is one;
    /// EOPNOTSUPP, EXDEV or EINVAL if the filesystem cannot. Nothing is left behind on an error.
    package static func clone(_ source: String, to target: String, mode: mode_t = 0o600) throws(HostError) {
        let from = try Descriptor(opening: source, O_RDONLY | O_NOFOLLOW)
        let to = try Descriptor(opening: target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
        do {
            try systemCall("FICLONE", target) { host_clone(to.raw, from.raw) }
            try to.sync(target)
        } catch {
            unlink(target)
            throw error
        }
    }

    /// Whether files in `directory` can share extents: tried with two small files, which are removed again.
    package static func canClone(in directory: String) throws(HostError) -> Bool {
        let source = "\(directory)/.clone-probe.\(getpid())"
        let target = source + ".to"
        defer {
            unlink(source)
            unlink(target)
        }
        unlink(source)
        unlink(target)
        try create(source, size: 4096)
        do {
            try clone(source, to: target)
            return true
        } catch HostError.systemCall("FICLONE", let number, _)
            where [EOPNOTSUPP, EXDEV, EINVAL, ENOTTY, ENOSYS].contains(number)
        {
            return false
        }
    }

    /// Makes `target` an equal copy of `source`, with its holes, and syncs it. `progress` is told the bytes of data
    /// copied so far and of all, often. EEXIST if there is a target. Stops when `token` is cancelled. Nothing is left behind on an
    /// error.
    package static func copy(
        _ source: String, to target: String, mode: mode_t = 0o600, token: CancellationToken,
        progress: (_ done: Int64, _ total: Int64) -> Void = { _, _ in }
    ) throws(HostError) {
        let from = try Descriptor(opening: source, O_RDONLY | O_NOFOLLOW)
        let to = try Descriptor(opening: target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
        do {
            var status = stat()
            try systemCall("fstat", source) { fstat(from.raw, &status) }
            try systemCall("ftruncate", target) { ftruncate(to.raw, status.st_size) }
            // What it holds and not how long it is: holes take no time. Blocks of stat(2) have 512 bytes.
            let total = min(Int64(status.st_blocks) * 512, Int64(status.st_size))
            var copied: Int64 = 0
            var position: off_t = 0
            while let extent = try nextExtent(from, after: position, source) {
                try copy(extent, from, to, target, token) { count in
                    copied += count
                    progress(min(copied, total), total)
                }
                position = off_t(extent.upperBound)
            }
            try to.sync(target)
            // Blocks that are allocated and were never written count as a hole above.
            progress(total, total)
        } catch {
            unlink(target)
            throw error
        }
    }

    /// lseek(2), SEEK_DATA and SEEK_HOLE; nil after the last data.
    private static func nextExtent(
        _ file: borrowing Descriptor, after position: off_t, _ path: String
    ) throws(HostError) -> Range<Int64>? {
        let start: off_t
        do {
            start = try systemCall("lseek", path) { lseek(file.raw, position, host_seek_data) }
        } catch HostError.systemCall(_, ENXIO, _) {
            return nil
        }
        let end = try systemCall("lseek", path) { lseek(file.raw, start, host_seek_hole) }
        return Int64(start)..<Int64(end)
    }

    /// In portions, so that a cancelled copy ends soon.
    private static func copy(
        _ extent: Range<Int64>, _ from: borrowing Descriptor, _ to: borrowing Descriptor, _ path: String,
        _ token: CancellationToken, progress: (Int64) -> Void
    ) throws(HostError) {
        var source = extent.lowerBound
        var target = extent.lowerBound
        while source < extent.upperBound {
            try token.check()
            let length = Int(min(extent.upperBound - source, 16 << 20))
            let count = try systemCall("copy_file_range", path) {
                host_copy_file_range(from.raw, &source, to.raw, &target, length)
            }
            // The source became shorter while it was read.
            guard count > 0 else { throw HostError.unexpected("\(path): the file it is copied from ended early") }
            progress(Int64(count))
        }
    }
}
