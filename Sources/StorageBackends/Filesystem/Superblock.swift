import FoundationEssentials
import StorageCore

/// What the first bytes of a device say of a filesystem of ours. Pure. It tells a filesystem from one whose mkfs was
/// killed; whether a device is blank is not for it to say, because it knows two filesystems only.
struct Superblock: Hashable, Sendable {
    /// How much of the device it wants to see.
    static let length = 4096

    let kind: FilesystemKind
    let id: VolumeID
    /// Whether mkfs came to its end.
    let isComplete: Bool
    /// Where the last of an XFS's copies of the superblock is, in bytes: one begins each allocation group.
    let lastCopy: Int64?
    /// How large an XFS is, in its own blocks.
    let size: Int64?

    /// Nil if neither an XFS nor an ext4 filesystem begins here.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= Self.length else { return nil }
        if Array(bytes[0..<4]) == Array("XFSB".utf8) {
            // struct xfs_dsb (xfs_format.h): sb_uuid at 32, sb_inprogress at 126, which mkfs.xfs clears last.
            kind = .xfs
            id = VolumeID(uuid(bytes[32..<48]))
            isComplete = bytes[126] == 0
            // sb_blocksize at 4, sb_agblocks at 84, sb_agcount at 88.
            let (blockSize, blocks, groups) = (number(bytes, 4), number(bytes, 84), number(bytes, 88))
            let (offset, overflow) = (blocks * blockSize).multipliedReportingOverflow(by: max(1, groups) - 1)
            lastCopy = overflow || offset == 0 || offset % 4096 != 0 ? nil : offset
            // sb_dblocks at 8, of eight bytes.
            size = number(bytes, 8) << 32 | number(bytes, 12)
        } else if bytes[1024 + 0x38] == 0x53, bytes[1024 + 0x39] == 0xEF {
            // struct ext4_super_block (Documentation/filesystems/ext4/super.rst): s_state at 0x3A, s_uuid at 0x68.
            // While mke2fs writes the superblock out, "cleanly unmounted" is not set.
            kind = .ext4
            id = VolumeID(uuid(bytes[(1024 + 0x68)..<(1024 + 0x78)]))
            isComplete = bytes[1024 + 0x3A] & 1 != 0
            lastCopy = nil
            size = nil
        } else {
            return nil
        }
    }
}

/// Four bytes, the highest first, as XFS writes all numbers.
private func number(_ bytes: [UInt8], _ offset: Int) -> Int64 {
    bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int64($1) }
}

private func uuid(_ bytes: ArraySlice<UInt8>) -> UUID {
    let b = Array(bytes)
    return UUID(
        uuid: (
            b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]
        ))
}
