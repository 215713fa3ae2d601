import StorageCore
import TestSupport
import Testing

@testable import StorageBackends

@Suite("Names and identities of a loop pool", .tags(.unit))
struct LoopPolicyTests {
    @Test("a file's name reads back as what it was made for")
    func roundTrip() throws {
        let key = try VolumeKey("shop", "data-1")
        for item in [LoopItem.volume(key), .snapshot(key, try SnapshotName("monday"))] {
            for role in LoopFileRole.allCases {
                let file = try #require(LoopFileRole.parse(item.stem + role.rawValue))
                #expect(file.item == item && file.role == role)
            }
        }
    }

    @Test(
        "what is not ours is not taken for ours",
        arguments: [
            "shop.img", "shop.data", "shop.data.raw", "a.b.c.img", "Shop.data.img", "shop.data@.img", ".img",
            "shop.data@a@b.img", "shop..img", "../x.y.img", "shop.data.img.bak",
        ])
    func foreign(_ name: String) { #expect(LoopFileRole.parse(name) == nil) }

    @Test("the longest name fits into a directory entry")
    func longest() throws {
        let label = String(repeating: "x", count: 63)
        let item = LoopItem.snapshot(try VolumeKey(label, label), try SnapshotName(label))
        #expect(LoopFileRole.allCases.allSatisfy { (item.stem + $0.rawValue).utf8.count <= 255 })
    }

    @Test("an identity is only valid for the name it was written for")
    func renamed() throws {
        let volume = VolumeIdentity(id: VolumeID(), key: try VolumeKey("shop", "data"))
        let identity = LoopIdentity(volume, family: volume.id)
        let bytes = try identity.encoded()
        #expect(LoopIdentity(bytes, of: .volume(volume.key)) == identity)
        #expect(LoopIdentity(bytes, of: .volume(try VolumeKey("shop", "other"))) == nil)
        #expect(LoopIdentity(bytes, of: .snapshot(volume.key, try SnapshotName("data"))) == nil)
        #expect(LoopIdentity(Array(bytes.dropLast(10)), of: .volume(volume.key)) == nil)
    }
}

@Suite("What a loop pool may still promise", .tags(.unit))
struct LoopLedgerTests {
    private let space = LoopLedger.Space(total: 2000 << 20, free: 1000 << 20)
    private let family = VolumeID()

    private func ledger(shares: Bool = false, overcommit: Double = 1, _ entries: [LoopLedger.Entry]) throws
        -> LoopLedger
    {
        var ledger = LoopLedger(sharesExtents: shares, overcommit: overcommit)
        for (index, entry) in entries.enumerated() { ledger[.volume(try VolumeKey("n", "v\(index)"))] = entry }
        return ledger
    }

    private func volume(_ mebibytes: Int64, _ family: VolumeID = VolumeID()) -> LoopLedger.Entry {
        LoopLedger.Entry(capacity: mebibytes << 20, family: family, isSnapshot: false, isPartial: false)
    }

    @Test("what a volume has not taken yet is kept for it, with what it takes to find it again")
    func keepsRoom() throws {
        let ledger = try ledger([volume(512)])
        #expect(ledger.available(in: space) { _ in 256 << 20 } == (1000 - 257) << 20)
    }

    @Test("a volume that is full is promised nothing more, and never less than nothing")
    func fullVolume() throws {
        let ledger = try ledger([volume(512)])
        #expect(ledger.available(in: space) { _ in 600 << 20 } == 1000 << 20)
        let large = try self.ledger([volume(4096)])
        #expect(large.available(in: space) { _ in 0 } == 0)
    }

    @Test("volumes that share extents may have to write all of them anew; alone again, they need not")
    func sharing() throws {
        var ledger = try ledger(shares: true, [volume(256, family), volume(256, family)])
        #expect(ledger.available(in: space) { _ in 256 << 20 } == (1000 - 514) << 20)
        ledger[.volume(try VolumeKey("n", "v1"))] = nil
        #expect(ledger.available(in: space) { _ in 256 << 20 } == 1000 << 20)
    }

    @Test("a copy costs its source what it has, once")
    func costOfSharing() throws {
        let source = LoopItem.volume(try VolumeKey("n", "v0"))
        let alone = try ledger(shares: true, [volume(256, family)])
        #expect(alone.costOfSharing(source, allocated: 128 << 20) == LoopLedger.withMetadata(128 << 20))
        let shared = try ledger(shares: true, [volume(256, family), volume(256, family)])
        #expect(shared.costOfSharing(source, allocated: 128 << 20) == 0)
        let copying = try ledger([volume(256, family)])
        #expect(copying.costOfSharing(source, allocated: 128 << 20) == 0)
    }

    @Test("no size is too large to be refused")
    func hugeSizes() throws {
        #expect(LoopLedger.withMetadata(.max) == .max)
        let huge = LoopLedger.Entry(capacity: .max, family: VolumeID(), isSnapshot: false, isPartial: false)
        let ledger = try ledger(overcommit: 1000, [huge, huge])
        #expect(ledger.available(in: space) { _ in 0 } == 0)
    }

    @Test("overcommitted room does not depend on how much of it is written already")
    func overcommit() throws {
        let empty = try ledger(overcommit: 2, [volume(512)])
        let before = empty.available(in: space) { _ in 0 }
        let later = LoopLedger.Space(total: space.total, free: space.free - 256 << 20)
        let after = empty.available(in: later) { _ in 256 << 20 }
        #expect(before == 2000 << 20 - 514 << 20)
        #expect(after - before == 1 << 20, "only the metadata of what is written is known better")
    }
}

@Suite("Superblocks", .tags(.unit))
struct SuperblockTests {
    private let id = VolumeID()

    private func image(_ kind: FilesystemKind, isComplete: Bool) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Superblock.length)
        let uuid = withUnsafeBytes(of: id.uuid.uuid) { Array($0) }
        switch kind {
        case .xfs:
            bytes.replaceSubrange(0..<4, with: "XFSB".utf8)
            bytes.replaceSubrange(32..<48, with: uuid)
            bytes[126] = isComplete ? 0 : 1
        case .ext4:
            bytes.replaceSubrange(1080..<1082, with: [0x53, 0xEF])
            bytes[1082] = isComplete ? 1 : 0
            bytes.replaceSubrange(1128..<1144, with: uuid)
        }
        return bytes
    }

    @Test("a filesystem is told from one whose mkfs did not end", arguments: FilesystemKind.allCases, [true, false])
    func completeness(_ kind: FilesystemKind, _ isComplete: Bool) throws {
        let found = try #require(Superblock(image(kind, isComplete: isComplete)))
        #expect(found.kind == kind && found.id == id && found.isComplete == isComplete)
    }

    @Test("an XFS tells its size in all eight bytes, ext4 does not")
    func size() {
        var bytes = image(.xfs, isComplete: true)
        bytes.replaceSubrange(8..<16, with: [0, 0, 0, 2, 0, 1, 0, 3])
        #expect(Superblock(bytes)?.size == 0x2_0001_0003)
        #expect(Superblock(image(.ext4, isComplete: true))?.size == nil)
    }

    @Test("zeros and short reads are no filesystem")
    func nothing() {
        #expect(Superblock([UInt8](repeating: 0, count: Superblock.length)) == nil)
        #expect(Superblock(Array("XFSB".utf8)) == nil)
    }
}
