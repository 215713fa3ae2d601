import Glibc

/// A block device by its node.
package enum BlockDevice {
    /// In bytes.
    package static func size(of device: String) throws(HostError) -> Int64 {
        let descriptor = try Descriptor(opening: device, O_RDONLY)
        return Int64(try systemCall("lseek", device) { lseek(descriptor.raw, 0, SEEK_END) })
    }

    /// Throws EBUSY (`systemCall`) if it is mounted, or something else in the kernel has it for itself (open(2), O_EXCL).
    package static func requireUnused(_ device: String) throws(HostError) {
        _ = try Descriptor(opening: device, O_RDONLY | O_EXCL)
    }
}
