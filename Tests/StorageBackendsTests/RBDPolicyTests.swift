import Glibc
import HostTools
import RBDWire
import StorageCore
import TestSupport
import Testing

@testable import StorageBackends

@Suite("What a Ceph pool may still promise", .tags(.unit))
struct RBDPolicyTests {
    private let place = RBDPlace(
        configuration: "/etc/ceph/ceph.conf", user: "convert2nfs", pool: "rbd", namespace: "", prefix: "convert2nfs")

    /// As Ceph 16.2 says it, what is not asked for left out.
    private func state(
        stored: Int64 = 1 << 30, available: Int64 = 3 << 30, quota: Int64 = 0, flags: String = "hashpspool",
        cluster: [String] = ["sortbitwise"]
    ) throws -> CephState {
        let usage = """
            {"stats":{"total_bytes":8589934592},"pools":[{"name":"device_health_metrics","id":1,"stats":{"stored":0,"max_avail":1}},
            {"name":"rbd","id":2,"stats":{"stored":\(stored),"objects":9,"bytes_used":\(2 * stored),"max_avail":\(available),
            "quota_objects":0,"quota_bytes":\(quota)}}]}
            """
        let map = """
            {"epoch":12,"flags_set":["\(cluster.joined(separator: "\",\""))"],"pools":[{"pool":1,"pool_name":"device_health_metrics","flags_names":"full"},
            {"pool":2,"pool_name":"rbd","flags_names":"\(flags)","size":2}]}
            """
        return try CephState(place, usage: usage, map: map)
    }

    @Test(
        "what is stored and what fits beside it is promised, as often as is allowed",
        arguments: [(1.0, 3072), (2.0, 7168)])
    func room(_ overcommit: Double, _ mebibytes: Int64) throws {
        let policy = RBDPolicy(place: place, overcommit: overcommit)
        let usage = policy.usage(try state(), promised: .gibibytes(1))
        #expect(usage == PoolUsage(total: .gibibytes(4), available: .mebibytes(mebibytes)))
        try policy.admit(.mebibytes(mebibytes), try state(), promised: .gibibytes(1))
        #expect(throws: StorageError.self) {
            try policy.admit(.mebibytes(mebibytes + 1), try state(), promised: .gibibytes(1))
        }
    }

    @Test("a quota counts where it is less than what fits")
    func quota() throws {
        #expect(try state(quota: 2 << 30).total == .gibibytes(2))
        #expect(try state(quota: 20 << 30).total == .gibibytes(4))
    }

    @Test(
        "a pool that is full, nearly full or at its quota promises nothing, and says which",
        arguments: [
            ("hashpspool,full,full_quota", [], "reached its quota"), ("hashpspool,full", [], "is full"),
            ("hashpspool", ["full"], "is full"), ("hashpspool,nearfull", [], "nearly full"),
            ("hashpspool,backfillfull", [], "nearly full"),
        ])
    func flags(_ flags: String, _ cluster: [String], _ words: String) throws {
        let state = try state(flags: flags, cluster: cluster)
        let policy = RBDPolicy(place: place, overcommit: 9)
        let usage = policy.usage(state, promised: .zero)
        #expect(usage.available == .zero && usage.warning?.contains(words) == true)
        #expect(throws: StorageError.self) { try policy.admit(.mebibytes(1), state, promised: .zero) }
    }

    @Test("what the monitors do not say is no room, but a fault")
    func faults() async throws {
        await expect(.internal) { try CephState(place, usage: "{", map: "{}") }
        await expect(.unavailable) { try CephState(place, usage: #"{"pools":[]}"#, map: #"{"pools":[]}"#) }
    }
}

@Suite("How images are called", .tags(.unit))
struct RBDNamesTests {
    private let names = RBDNames(prefix: "pair-a")

    @Test("what is made, or is the service's own, has no volume's name")
    func apart() throws {
        let id = VolumeID()
        #expect(names.name(of: try VolumeKey("shop", "data")) == "pair-a.shop.data")
        #expect(names.isPartial(names.partialName(of: id)))
        #expect(!names.isPartial(names.name(of: try VolumeKey("partial", "data"))))
        #expect(names.partialName(of: id).hasPrefix(names.start))
    }

    @Test("snapshots of ours are known by their names, and others are not")
    func snapshots() throws {
        let name = try SnapshotName("monday")
        #expect(RBDNames.snapshotName(RBDNames.snapshot(name)) == name)
        for other in ["monday", "convert2nfs", RBDNames.source(of: VolumeID()), "convert2nfs.Über"] {
            #expect(RBDNames.snapshotName(other) == nil)
        }
        #expect(RBDNames.isSource(RBDNames.source(of: VolumeID())) && !RBDNames.isSource(RBDNames.snapshot(name)))
    }
}

@Suite("What Ceph refuses", .tags(.unit))
struct RBDRefusalTests {
    @Test(
        "each refusal has the code that its caller can do something with",
        arguments: [
            (ENOENT, StorageError.Code.notFound), (EEXIST, .conflict), (EBUSY, .busy), (EROFS, .busy),
            (ENOSPC, .outOfCapacity), (EDQUOT, .outOfCapacity), (EACCES, .unavailable), (EPERM, .unavailable),
            (ESHUTDOWN, .unavailable), (ETIMEDOUT, .unavailable), (EIO, .unavailable), (EINVAL, .internal),
        ])
    func codes(_ number: Int32, _ code: StorageError.Code) {
        let place = RBDPlace(configuration: "/c", user: "u", pool: "p", namespace: "n", prefix: "x")
        let error = StorageError(rbd: RBDFailure(code: number, action: "looking"), place)
        #expect(error.code == code && error.message.hasPrefix("the Ceph pool p/n: looking: "))
    }
}
