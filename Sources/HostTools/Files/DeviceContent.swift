import CHostShims
import Glibc

/// What is on a block device, read past the page cache. All calls block.
package enum DeviceContent {
    /// `count` bytes from `offset` on, both multiples of 4,096; fewer if the device ends before.
    package static func read(
        _ path: String, count: Int, at offset: Int64 = 0
    ) throws(HostError) -> [UInt8] {
        let device = try Descriptor(opening: path, O_RDONLY | host_o_direct)
        var result: [UInt8] = []
        try withPages(count) { buffer throws(HostError) in
            let length = try systemCall("pread", path) { pread(device.raw, buffer.baseAddress, count, off_t(offset)) }
            result = Array(buffer[..<length])
        }
        return result
    }

    /// Whether the first `head` and the last `tail` bytes are all zero; both multiples of 4,096. True also for a device
    /// without a byte.
    package static func hasBlankMargins(_ path: String, head: Int, tail: Int) throws(HostError) -> Bool {
        let device = try Descriptor(opening: path, O_RDONLY | host_o_direct)
        let size = try systemCall("lseek", path) { lseek(device.raw, 0, SEEK_END) }
        var isBlank = true
        try withPages(piece) { buffer throws(HostError) in
            for (start, end) in [(0, min(head, size)), (max(0, size - tail), size)] {
                var offset = start
                while isBlank && offset < end {
                    let count = min(piece, end - offset)
                    let length = try systemCall("pread", path) { pread(device.raw, buffer.baseAddress, count, offset) }
                    guard length > 0 else { throw HostError.unexpected("\(path) ends before its end, at \(offset)") }
                    isBlank = isZero(UnsafeRawBufferPointer(rebasing: buffer[..<length]))
                    offset += length
                }
            }
        }
        return isBlank
    }

    /// What is read at once: memory that is used again costs less than memory that the kernel has to bring first.
    private static let piece = 512 << 10

    /// A block equals itself moved by one byte only if all its bytes are equal.
    private static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let start = bytes.baseAddress, let first = bytes.first else { return true }
        return first == 0 && memcmp(start, start + 1, bytes.count - 1) == 0
    }

    /// Memory as direct I/O wants it: aligned to a page (open(2), O_DIRECT).
    private static func withPages(
        _ count: Int, _ body: (UnsafeMutableRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 4096)
        defer { buffer.deallocate() }
        try body(buffer)
    }
}
