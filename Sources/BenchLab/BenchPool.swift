import Lab

/// Where the volumes of a bench lie, and how an administrator makes one there in a shell.
struct BenchPool: Sendable {
    /// Of the configuration.
    let configuration: String
    /// Brings what it needs on a machine that has nothing of it yet.
    let preparation: String
    /// Makes a device of so many MiB with that name, and leaves its path in `$device`.
    let making: @Sendable (_ name: String, _ mebibytes: Int) -> String
    let removing: @Sendable (_ name: String) -> String
    /// A Ceph cluster runs beside the machines.
    var hasCeph = false

    static let group = "vg"
    static let modules = "modprobe -a dm-mod xfs nfsd lockd"

    static let lvm = BenchPool(
        configuration: "backend: lvm, volumeGroup: \(group)",
        preparation: "\(modules); vgcreate -q \(group) /dev/disk/by-id/virtio-data0",
        making: { name, mebibytes in
            """
            lvcreate -q -Wy --yes --name \(name) --size \(mebibytes)M \(group) >/dev/null
            device=/dev/\(group)/\(name)
            """
        },
        removing: { "lvremove -q --yes \(group)/\($0)" })

    /// With the features that our images have, and rbd(8) of this host.
    static let ceph = BenchPool(
        configuration: "backend: rbd, pool: \(CephCluster.pool), user: \(CephCluster.user), overcommit: 4",
        preparation: "modprobe -a rbd xfs nfsd lockd",
        making: { name, mebibytes in
            """
            \(rbd) create --size \(mebibytes)M --image-feature \(features) \(CephCluster.pool)/\(name)
            device=$(\(rbd) map \(CephCluster.pool)/\(name))
            """
        },
        removing: {
            """
            \(rbd) unmap \(CephCluster.pool)/\($0)
            \(rbd) rm --no-progress \(CephCluster.pool)/\($0)
            """
        }, hasCeph: true)

    /// Takes a snapshot of one of our volumes on Ceph.
    static func snapshot(_ name: String, of origin: String) -> String {
        "\(rbd) snap create --no-progress \(CephCluster.pool)/\(image(of: origin))@\(name)"
    }

    /// Makes a device of that snapshot, as `making` does, and removes the snapshot.
    static func clone(_ name: String, of origin: String) -> String {
        """
        \(rbd) clone --rbd-default-clone-format 2 --image-feature \(features) \(CephCluster.pool)/\(image(of: origin))@\(name) \
            \(CephCluster.pool)/\(name)
        \(rbd) snap rm --no-progress \(CephCluster.pool)/\(image(of: origin))@\(name)
        device=$(\(rbd) map \(CephCluster.pool)/\(name))
        """
    }

    /// As ours is called there.
    private static func image(of name: String) -> String { "convert2nfs.bench.\(name)" }

    /// Goes along to the machines.
    static let rbdProgram = "/usr/bin/rbd"
    private static let rbd = "/opt/convert2nfs/rbd --id \(CephCluster.user)"
    private static let features = "layering,exclusive-lock,object-map,fast-diff,deep-flatten"
}
