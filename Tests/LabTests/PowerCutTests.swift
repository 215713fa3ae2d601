import HostTools
import Lab
import Testing

/// The power fails before and after every tool that an operation runs, once each. How many there are, an uncut run tells.
@Suite("Power cuts at every step on LVM", .serialized, .machines(.thick, .thin))
struct PowerCutTests {
    /// On two machines at once, because a processor does one of them at a time.
    @Test(
        "create, grow, snapshot, clone and delete are whole or gone after a power cut at any step, and nothing is left over"
    )
    func cuts() async throws {
        async let thick: Void = PowerCuts(machine("s1"), .thick, .thick).run()
        async let thin: Void = PowerCuts(machine("s2"), .thin, .thin).run()
        _ = try await (thick, thin)
    }
}

/// The same of what is asked of Ceph, each question once.
@Suite(
    "Power cuts at every step on Ceph", .serialized,
    .enabled("they take a quarter of an hour; run them with \"make lab-ceph\"") { isThorough },
    .machines(.s1, withCeph: true))
struct CephPowerCutTests {
    @Test(
        "create, grow, snapshot, clone and delete are whole or gone after a power cut at any step, and nothing is left over"
    )
    func cuts() async throws {
        try await ceph().admit(try machine("s1"))
        try await PowerCuts(machine("s1"), .ceph(try ceph()), .ceph).run()
    }
}

extension PowerCuts.Place {
    private static func group(_ pool: String, _ making: String, foreign: Set<String>) -> PowerCuts.Place {
        let thinPool = pool == "thin" ? ", thinPool: pool" : ""
        return PowerCuts.Place(
            pool: pool, pools: "{name: \(pool), backend: lvm, volumeGroup: vg\(thinPool), overcommit: 3}",
            modules: "modprobe -a dm-mod dm-thin-pool dm-snapshot xfs",
            making: "vgcreate -q vg /dev/disk/by-id/virtio-data0; \(making)", storage: SurveyedGroup(name: "vg"),
            foreign: foreign,
            showing: "vgchange -q --activate y vg >/dev/null; devices=$(echo /dev/mapper/vg-cut*)")
    }

    fileprivate static let thick = group("thick", ":", foreign: [])
    fileprivate static let thin = group(
        "thin", "lvcreate -q --yes --type thin-pool -L 12G -n pool vg 2>/dev/null", foreign: ["pool"])

    fileprivate static func ceph(_ cluster: CephCluster) -> PowerCuts.Place {
        PowerCuts.Place(
            pool: "ceph", pools: "{name: ceph, backend: rbd, pool: rbd, user: convert2nfs, overcommit: 9}",
            modules: "modprobe -a rbd xfs", making: ":", storage: SurveyedCeph(cluster: cluster), foreign: [],
            showing: """
                key=$(sed -n 's/.*key = //p' /etc/ceph/ceph.client.convert2nfs.keyring)
                for name in $(cat /root/images); do
                    echo "\(CephCluster.address):6789 name=convert2nfs,secret=$key rbd $name -" >/sys/bus/rbd/add_single_major
                done
                devices=$(echo /dev/rbd[0-9]*)
                """)
    }
}

extension [CutOperation] {
    /// A thick volume with snapshots does not grow.
    fileprivate static let thick: [CutOperation] = [
        .create("thick"), .delete("thick"), .grow, .snapshot, .clone("--from-volume cut/data"), .deleteSnapshot,
    ]
    fileprivate static let thin: [CutOperation] = [
        .create("thin"), .delete("thin"), .grow, .snapshot, .clone("--from-snapshot cut/data@s0 --size 400Mi"),
        .deleteSnapshot,
    ]
    fileprivate static let ceph: [CutOperation] = [
        .create("ceph"), .delete("ceph"), .grow, .snapshot, .clone("--from-volume cut/data --size 600Mi"),
        .deleteSnapshot,
    ]
}

extension MachineSpec {
    fileprivate static var thick: MachineSpec { withRoom(.s1) }
    fileprivate static var thin: MachineSpec { withRoom(.s2) }

    private static func withRoom(_ spec: MachineSpec) -> MachineSpec {
        var spec = spec
        spec.disks = [16 << 30]
        return spec
    }
}
