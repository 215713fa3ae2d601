package enum FilesystemKind: String, Sendable, Codable, CaseIterable {
    case xfs
    case ext4

    /// The smallest volume mkfs makes a useful filesystem in (mkfs.xfs(8) refuses less than 300 MiB since xfsprogs
    /// 5.19).
    package var minimumCapacity: ByteCount {
        switch self {
        case .xfs: .mebibytes(300)
        case .ext4: .mebibytes(16)
        }
    }

    /// The largest volume it is used for: what distributions support of it (xfs 1 PiB), and what 32-bit block numbers
    /// hold in blocks of 4 KiB (ext4 16 TiB).
    package var maximumCapacity: ByteCount {
        switch self {
        case .xfs: .gibibytes(1 << 20)
        case .ext4: .gibibytes(16 << 10)
        }
    }

    /// Throws `invalidArgument` for a capacity that it cannot have.
    package func admit(_ capacity: ByteCount) throws(StorageError) {
        guard capacity >= minimumCapacity else {
            throw StorageError(
                .invalidArgument, "\(capacity) is too small for \(rawValue); it needs at least \(minimumCapacity)")
        }
        guard capacity <= maximumCapacity else {
            throw StorageError(
                .invalidArgument, "\(capacity) is too large for \(rawValue); it can have \(maximumCapacity) at most")
        }
    }
}
