import FoundationEssentials
import Lab

/// A volume as an administrator makes it in a shell, with the options that ours has. All are scripts for the storage machine.
struct BareVolume: Sendable {
    let name: String
    var mebibytes = 304
    var pool = BenchPool.lvm

    var path: String { "/srv/\(name)" }
    private var client: String { "\(MachineSpec.c1.address):\(path)" }

    /// exports(5).
    static func options(_ fsid: UUID) -> String {
        "rw,sync,no_subtree_check,mountpoint,no_root_squash,no_all_squash,anonuid=65534,anongid=65534,fsid=\(fsid)"
    }

    /// Up to the mount; exports nothing.
    func filesystem(_ id: UUID) -> String {
        """
        \(pool.making(name, mebibytes))
        mkfs.xfs -q -K -m uuid=\(id) -p /var/lib/convert2nfs/filesystem/xfs-root.prototype $device
        mkdir -p \(path)
        mount $device \(path)
        """
    }

    func creation() -> String {
        let id = UUID()
        return "\(filesystem(id))\nexportfs -i -o \(Self.options(id)) \(client)"
    }

    /// With what is in `origin`, which is ours and mounted, and a UUID of its own.
    func copy(of origin: String) -> String {
        let id = UUID()
        return """
            status=0
            fsfreeze --freeze \(LabBench.path(of: origin))
            \(BenchPool.snapshot(name, of: origin)) || status=$?
            fsfreeze --unfreeze \(LabBench.path(of: origin))
            [ $status = 0 ]
            \(BenchPool.clone(name, of: origin))
            mkdir -p \(path)
            mount -o nouuid $device \(path)
            umount \(path)
            xfs_admin -U \(id) $device >/dev/null
            mount $device \(path)
            exportfs -i -o \(Self.options(id)) \(client)
            """
    }

    /// The kernel may keep what has expired for some seconds.
    var deletion: String {
        """
        exportfs -u \(client)
        exportfs -f
        until umount \(path); do
            echo 1 >/proc/net/rpc/auth.unix.gid/flush
            sleep 0.1
        done 2>/dev/null
        rmdir \(path)
        \(pool.removing(name))
        """
    }
}
