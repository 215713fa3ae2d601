import HostTools
import StorageCore
import Synchronization

/// Admits images to a pool, one at a time, so that two at once cannot be promised the same room. What is promised is
/// kept in memory; what is taken is asked from the filesystem each time (a microsecond an image). All calls block.
final class LoopCapacity: Sendable {
    /// Whether copies and snapshots share extents with their source.
    let sharesExtents: Bool
    private let directory: LoopDirectory
    private let ledger: Mutex<LoopLedger>

    init(directory: LoopDirectory, sharesExtents: Bool, overcommit: Double) {
        self.sharesExtents = sharesExtents
        self.directory = directory
        ledger = Mutex(LoopLedger(sharesExtents: sharesExtents, overcommit: overcommit))
    }

    /// Counts what lies in the directory.
    func load(_ listing: LoopDirectory.Listing) throws {
        ledger.withLock { ledger in
            for (item, state) in listing.items {
                guard let identity = state.identity else { continue }
                ledger[item] = LoopLedger.Entry(
                    capacity: state.image?.size ?? 0, family: identity.family,
                    isSnapshot: identity.snapshot != nil, isPartial: false)
            }
        }
    }

    /// Promises room to a new image. Throws `outOfCapacity` with what is needed and what there is. One that was
    /// promised already, by a try that crashed, is counted once.
    func admit(_ item: LoopItem, _ size: Int64, family: VolumeID, need: Int64) throws {
        try admit(item, LoopLedger.Entry(capacity: size, family: family, isSnapshot: false, isPartial: false)) { _ in
            need
        }
    }

    /// The same for a copy, with what it costs the source to share its extents.
    func admitCopy(of source: LoopItem, to item: LoopItem, _ size: Int64, family: VolumeID, need: Int64) throws {
        let isSnapshot = if case .snapshot = item { true } else { false }
        // A full copy of a snapshot takes no more than the source has: that is its capacity until it is complete.
        let size = isSnapshot ? min(size, need) : size
        let entry = LoopLedger.Entry(capacity: size, family: family, isSnapshot: isSnapshot, isPartial: true)
        try admit(item, entry) { ledger in
            Int64(clamping: Int128(need) + Int128(ledger.costOfSharing(source, allocated: self.allocated(source))))
        }
    }

    private func admit(_ item: LoopItem, _ entry: LoopLedger.Entry, need: (LoopLedger) -> Int64) throws {
        try ledger.withLock { ledger in
            ledger[item] = nil
            try check(ledger, need: need(ledger), for: item)
            ledger[item] = entry
        }
    }

    func enlarge(_ item: LoopItem, from old: Int64, to size: Int64) throws {
        try ledger.withLock { ledger in
            try check(ledger, need: LoopLedger.withMetadata(size - old), for: item)
            ledger[item]?.capacity = size
        }
    }

    func shrink(_ item: LoopItem, to size: Int64) { ledger.withLock { $0[item]?.capacity = size } }

    func complete(_ item: LoopItem) { ledger.withLock { $0[item]?.isPartial = false } }

    func release(_ item: LoopItem) { ledger.withLock { $0[item] = nil } }

    func usage() throws -> (total: Int64, available: Int64) {
        try ledger.withLock { ledger in
            let space = try space()
            return (space.total, ledger.available(in: space, allocated: allocated))
        }
    }

    private func check(_ ledger: LoopLedger, need: Int64, for item: LoopItem) throws {
        let space = try space()
        // As if nothing of what is promised were taken yet: there is no less than that, and no file has to be looked at.
        guard need > ledger.available(in: space, allocated: { _ in 0 }) else { return }
        let available = ledger.available(in: space, allocated: allocated)
        guard need > available else { return }
        let promised = ledger.entries.isEmpty ? "" : ", the rest is promised to what is there"
        throw StorageError(
            .outOfCapacity,
            "\(item.stem) needs \(need >> 20) MiB, the pool in \(directory.path) has \(available >> 20) MiB left to promise"
                + "\(promised); ask for less, remove volumes or snapshots, or enlarge the pool's filesystem",
            resource: item.resource)
    }

    private func space() throws(HostError) -> LoopLedger.Space {
        let space = try FilesystemControl.space(of: directory.path)
        return LoopLedger.Space(total: space.total, free: space.available)
    }

    /// Zero for an image that is not there: one that is being made, or that somebody took away.
    private func allocated(_ item: LoopItem) -> Int64 {
        for role in [LoopFileRole.image, .partialImage] {
            if let facts = try? FileFacts.of(directory.path(item, role)) { return facts.allocated }
        }
        return 0
    }
}
