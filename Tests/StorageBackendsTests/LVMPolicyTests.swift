import StorageCore
import TestSupport
import Testing

@testable import StorageBackends

@Suite("Names and tags of logical volumes", .tags(.unit))
struct LVMNamesTests {
    private let names = LVMNames(group: "vg-paas")

    @Test("an operator reads in a name whose volume it is")
    func plain() throws {
        let volume = VolumeIdentity(id: VolumeID(), key: try VolumeKey("shop", "data-1"))
        #expect(names.name(of: volume.key) == "shop.data-1")
        #expect(
            names.name(of: SnapshotReference(volume: volume, name: try SnapshotName("monday"))) == "shop.data-1+monday")
        #expect(names.device("shop.data-1").value == "/dev/mapper/vg--paas-shop.data--1")
    }

    @Test(
        "a name that LVM or device-mapper would not take is cut, and stays its own",
        arguments: [
            "snapshots", "pvmove0", String(repeating: "a-", count: 31) + "a", String(repeating: "x", count: 63),
        ])
    func cut(_ namespace: String) throws {
        let other = String(repeating: "y", count: 62)
        let one = names.name(of: try VolumeKey(namespace, other + "1"))
        let two = names.name(of: try VolumeKey(namespace, other + "2"))
        #expect(one != two)
        #expect(!one.hasPrefix("snapshot") && !one.hasPrefix("pvmove"))
        #expect(names.deviceMapperName(one).utf8.count <= 122)
    }

    @Test("tags read back as what they were made of")
    func tags() throws {
        let volume = VolumeIdentity(id: VolumeID(), key: try VolumeKey("shop", "data"))
        let snapshot = StorageMark(SnapshotReference(volume: volume, name: try SnapshotName("monday")))
        for tags in [
            StorageMark(volume, .volume), StorageMark(volume, .volume, fsid: .number(17)),
            StorageMark(volume, .partial),
            StorageMark(volume, .source), snapshot,
        ] {
            #expect(StorageMark(tags: tags.tags + ["backup", "owner=me"]) == tags)
        }
        #expect(StorageMark(volume, .volume, fsid: .uuid(volume.id)) == StorageMark(volume, .volume))
    }

    @Test(
        "tags that are not all there, or not well-formed, make nothing ours",
        arguments: [
            [], ["convert2nfs.id=1"], ["convert2nfs.namespace=shop", "convert2nfs.name=data"],
            ["ID", "NS", "NAME"], ["ID", "NS", "NAME", "convert2nfs.role=owner"],
            ["ID", "NS", "convert2nfs.name=..", "ROLE"], ["ID", "ID", "NS", "NAME", "ROLE"],
            ["ID", "NS", "NAME", "convert2nfs.role=snapshot"], ["ID", "NS", "NAME", "ROLE", "convert2nfs.snapshot=a"],
            ["ID", "NS", "NAME", "ROLE", "convert2nfs.fsid=0"],
        ])
    func foreign(_ texts: [String]) {
        let known = [
            "ID": "convert2nfs.id=0c1d6d43-5a0c-4f67-9d6c-1f1c6a3a0c11", "NS": "convert2nfs.namespace=shop",
            "NAME": "convert2nfs.name=data", "ROLE": "convert2nfs.role=volume",
        ]
        #expect(StorageMark(tags: texts.map { known[$0] ?? $0 }) == nil)
    }
}

@Suite("What a volume group may still promise", .tags(.unit))
struct LVMPolicyTests {
    private func report(
        dataPercent: String = "10.00", metadataPercent: String = "5.00", metadataSize: ByteCount? = nil
    ) throws -> LVMReport {
        func row(_ name: String, _ mebibytes: Int, _ layout: String, pool: String = "", _ percents: String) -> String {
            """
            {"lv_uuid":"u-\(name)","lv_name":"\(name)","lv_size":"\(mebibytes << 20)","lv_tags":"","lv_layout":"\(layout)",
            "lv_active":"active","lv_device_open":"","origin":"","pool_lv":"\(pool)",\(percents)}
            """
        }
        let none = #""data_percent":"","metadata_percent":"""#
        let rows = [
            row(
                "thin", 1024, "thin,pool",
                "\"data_percent\":\"\(dataPercent)\",\"metadata_percent\":\"\(metadataPercent)\","
                    + "\"lv_metadata_size\":\"\(metadataSize.map { String($0.bytes) } ?? "")\""),
            row("one", 512, "thin,sparse", pool: "thin", none), row("thick", 256, "linear", none),
        ]
        let text = """
            {"report":[{"vg":[{"vg_size":"4294967296","vg_free":"1073741824","vg_extent_size":"4194304",
            "vg_missing_pv_count":"0"}],"pv":[{"pv_name":"/dev/vdb"}],"lv":[\(rows.joined(separator: ","))]}]}
            """
        return try LVMReport(Array(text.utf8))
    }

    @Test("thick volumes take what the group has free")
    func thick() throws {
        let policy = LVMPolicy(thinPool: nil, overcommit: 1, reserve: 10)
        #expect(try policy.usage(report()) == PoolUsage(total: .gibibytes(4), available: .gibibytes(1)))
        let large = ByteCount.gibibytes(1) + ByteCount(1)
        #expect(throws: StorageError.self) { try policy.admit(large, report(), group: "vg") }
    }

    @Test("a volume that was made is in the report, and a thick one takes what is free", arguments: [nil, "thin"])
    func adding(_ pool: String?) throws {
        let before = try report()
        let volume = LVMReport.LogicalVolume(
            volume: try Sample.identity("shop/data"), name: "shop.data", uuid: "u", size: .mebibytes(128), pool: pool)
        let after = before.adding(volume)
        #expect(after.volumes == before.volumes + [volume])
        #expect(after.volume(named: "shop.data")?.tags?.role == .volume)
        #expect(before.free - after.free == (pool == nil ? .mebibytes(128) : .zero))
    }

    @Test("thin volumes are promised the pool's room, as often as is allowed", arguments: [(1.0, 512), (2.0, 1536)])
    func thin(_ overcommit: Double, _ mebibytes: Int64) throws {
        let policy = LVMPolicy(thinPool: "thin", overcommit: overcommit, reserve: 10)
        #expect(try policy.usage(report()).available == .mebibytes(mebibytes))
        #expect(try policy.usage(report()).warning == nil)
        try policy.admit(.mebibytes(mebibytes), report(), group: "vg")
        #expect(throws: StorageError.self) { try policy.admit(.mebibytes(mebibytes + 1), report(), group: "vg") }
    }

    @Test(
        "a thin pool near full promises nothing", arguments: [("90.00", "5.00"), ("10.00", "90.01"), ("100.00", "1")])
    func reserve(_ data: String, _ metadata: String) throws {
        let policy = LVMPolicy(thinPool: "thin", overcommit: 4, reserve: 10)
        let report = try report(dataPercent: data, metadataPercent: metadata)
        #expect(try policy.usage(report).available == .zero)
        #expect(try policy.usage(report).warning?.contains("lvextend") == true)
        #expect(throws: StorageError.self) { try policy.admit(.mebibytes(4), report, group: "vg") }
    }

    @Test(
        "of a small metadata what LVM demands stays free: a quarter, or 4 MiB",
        arguments: [(4, "74.99", "75.00"), (16, "74.99", "75.00"), (32, "86.99", "87.00"), (64, "89.99", "90.00")])
    func metadata(_ mebibytes: Int64, _ fits: String, _ full: String) throws {
        let policy = LVMPolicy(thinPool: "thin", overcommit: 4, reserve: 10)
        func flaw(_ percent: String) throws -> String? {
            try policy.exhaustion(report(metadataPercent: percent, metadataSize: .mebibytes(mebibytes)))
        }
        #expect(try flaw(fits) == nil)
        #expect(try flaw(full)?.contains("--poolmetadatasize") == true)
    }

    @Test("a thin pool that is not there is said to be missing", arguments: ["none", "thick"])
    func missing(_ name: String) throws {
        let policy = LVMPolicy(thinPool: name, overcommit: 1, reserve: 10)
        let error = #expect(throws: StorageError.self) { try policy.usage(report()) }
        #expect(error?.code == .unavailable)
    }
}
