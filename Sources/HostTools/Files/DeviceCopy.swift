import CHostShims
import Glibc

/// Copies block devices, past the page cache. Blocks for as long as the disks take; run it in `BlockingWork`.
package enum DeviceCopy {
    /// Makes the start of `target` equal to all of `source`, and syncs it. `progress` is told the bytes copied so far
    /// and of all, often. Stops when `token` is cancelled. Throws `unexpected`, having written nothing, if `source` is the larger.
    package static func copy(
        _ source: String, to target: String, token: CancellationToken,
        progress: (_ done: Int64, _ total: Int64) -> Void = { _, _ in }
    ) throws(HostError) {
        let from = try Descriptor(opening: source, O_RDONLY | host_o_direct)
        let to = try Descriptor(opening: target, O_WRONLY | host_o_direct)
        let size = try length(of: from, source)
        let room = try length(of: to, target)
        guard size <= room else {
            throw HostError.unexpected("\(source) with \(size) bytes does not fit into \(target) with \(room)")
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: portion, alignment: 4096)
        defer { buffer.deallocate() }
        var position: off_t = 0
        while position < size {
            try token.check()
            let count = try systemCall("pread", source) {
                pread(from.raw, buffer.baseAddress, min(portion, Int(size - position)), position)
            }
            guard count > 0 else { throw HostError.unexpected("\(source) ended early, at \(position) bytes") }
            try write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), to, at: position, target)
            position += off_t(count)
            progress(Int64(position), Int64(size))
        }
        try to.sync(target)
    }

    private static let portion = 4 << 20

    private static func length(of device: borrowing Descriptor, _ path: String) throws(HostError) -> off_t {
        try systemCall("lseek", path) { lseek(device.raw, 0, SEEK_END) }
    }

    private static func write(
        _ bytes: UnsafeRawBufferPointer, _ device: borrowing Descriptor, at position: off_t, _ path: String
    ) throws(HostError) {
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            written += try systemCall("pwrite", path) {
                pwrite(device.raw, rest.baseAddress, rest.count, position + off_t(written))
            }
        }
    }
}
