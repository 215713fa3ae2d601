import StorageCore

/// What a pool's filesystem has promised. Images are sparse, their size is real all the same: what a volume may still
/// take is kept free for it. Pure arithmetic.
struct LoopLedger: Sendable {
    /// An image, or one that is being made.
    struct Entry: Sendable, Hashable {
        var capacity: Int64
        let family: VolumeID
        let isSnapshot: Bool
        /// While a copy is being made, what it was admitted with; it takes that room little by little.
        var isPartial: Bool
    }

    /// What the filesystem has: all of it, and what is free for us.
    struct Space: Sendable {
        let total: Int64
        let free: Int64
    }

    let sharesExtents: Bool
    /// How many times the space may be promised; 1 promises what is there.
    let overcommit: Double
    private(set) var entries: [LoopItem: Entry] = [:]
    private var familySizes: [VolumeID: Int] = [:]

    init(sharesExtents: Bool, overcommit: Double) {
        self.sharesExtents = sharesExtents
        self.overcommit = overcommit
    }

    subscript(item: LoopItem) -> Entry? {
        get { entries[item] }
        set {
            if let old = entries[item] { familySizes[old.family, default: 1] -= 1 }
            if let newValue { familySizes[newValue.family, default: 0] += 1 }
            if let family = entries[item]?.family, familySizes[family] == 0 { familySizes[family] = nil }
            entries[item] = newValue
        }
    }

    /// What may still be promised. `allocated` says what each image takes now.
    func available(in space: Space, allocated: (LoopItem) -> Int64) -> Int64 {
        var taken: Int64 = 0
        var promised: Int64 = 0
        for (item, entry) in entries {
            let allocation = allocated(item)
            taken += allocation
            promised = Int64(clamping: Int128(promised) + Int128(mayTake(entry, allocated: allocation)))
        }
        let room = Int128(Double(space.free + taken) * overcommit)
        return Int64(clamping: max(0, room - Int128(taken) - Int128(promised)))
    }

    /// What an image may still take. One that shares extents may have to write every one of them anew. A snapshot is
    /// never written.
    private func mayTake(_ entry: Entry, allocated: Int64) -> Int64 {
        if entry.isSnapshot && !entry.isPartial { return 0 }
        let isShared = sharesExtents && !entry.isSnapshot && familySizes[entry.family, default: 0] > 1
        return Self.withMetadata(isShared ? entry.capacity : max(0, entry.capacity - allocated))
    }

    /// What a filesystem needs to hold so much data, however scattered: an extent costs ext4 12 bytes and XFS 16, and
    /// is 4 KiB at least.
    static func withMetadata(_ size: Int64) -> Int64 {
        let (sum, overflow) = size.addingReportingOverflow(size / 256)
        return overflow ? .max : sum
    }

    /// What a source that shares nothing yet may have to write anew once a copy shares its extents.
    func costOfSharing(_ item: LoopItem, allocated: Int64) -> Int64 {
        guard sharesExtents, let entry = entries[item], !entry.isSnapshot, familySizes[entry.family] == 1 else {
            return 0
        }
        return Self.withMetadata(min(allocated, entry.capacity))
    }
}
