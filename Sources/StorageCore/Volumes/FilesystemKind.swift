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
}
