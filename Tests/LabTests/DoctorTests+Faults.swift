/// How each fault is made, and mended.
extension DoctorTests {
    private static let table =
        "nft add table inet f; nft add chain inet f i '{ type filter hook input priority 0; policy accept; }'"
    private static let unhide = "chmod 755 /usr/sbin/rpc.*; chmod 755 /usr/sbin/rpcbind /usr/sbin/exportfs"

    static let faults = network + services + storage + volumes + exports + daemon

    private static let network = [
        Fault(
            check: "port-blocked", of: "shop/data",
            inject: "\(table); nft add rule inet f i ip saddr 10.77.0.21 tcp dport 2049 drop", heal: "nft flush ruleset"
        ),
        Fault(
            check: "port-blocked", of: "shop/data --from 10.77.0.30",
            inject: "\(table); nft add rule inet f i ip saddr 10.77.0.16/28 udp dport 20048 reject",
            heal: "nft flush ruleset"),
        Fault(
            check: "port-blocked", inject: "\(table); nft add rule inet f i iifname data0 th dport 111 drop",
            heal: "nft flush ruleset"),
    ]

    /// The daemon starts what ends, as long as its program is there.
    private static let services = [
        Fault(
            check: "status-monitor-silent", inject: "chmod 0 /usr/sbin/rpc.statd; pkill -x rpc.statd",
            heal: "\(unhide); rpc.statd"),
        Fault(
            check: "mountd-silent", of: "shop/data", inject: "chmod 0 /usr/sbin/rpc.mountd; pkill -x rpc.mountd",
            heal: unhide),
        Fault(
            check: "portmapper-silent", inject: "chmod 0 /usr/sbin/rpcbind; pkill -x rpcbind",
            heal: "\(unhide); rpcbind -w"),
        Fault(check: "nfsd-silent", inject: "chmod 0 /usr/sbin/rpc.nfsd; nfsd-by-hand 0", heal: unhide),
        // The daemon would be quicker, if it could.
        Fault(
            check: "udp-off", inject: "chmod 0 /usr/sbin/rpc.nfsd; nfsd-by-hand 0; nfsd-by-hand --no-udp",
            heal: "\(unhide); nfsd-by-hand 0"),
        Fault(
            check: "nfs-version-off", inject: "chmod 0 /usr/sbin/rpc.nfsd; nfsd-by-hand 0; nfsd-by-hand -N 4.1 -N 4.2",
            heal: "\(unhide); nfsd-by-hand 0"),
    ]

    private static let storage = [
        Fault(
            check: "pool-full",
            inject: "lvcreate -q --yes -l 100%FREE -n operators vg-paas", heal: "lvremove -qy vg-paas/operators"),
        Fault(
            check: "thin-pool-near-full", of: "shop/thin",
            inject: """
                lvcreate -q --yes --type thin --thinpool pool -V 2900M -n filler vg-thin 2>/dev/null
                dd if=/dev/zero of=/dev/vg-thin/filler bs=1M count=2850 oflag=direct status=none
                """, heal: "lvremove -qy vg-thin/filler"),
        Fault(
            check: "pool-unavailable", inject: "vgrename -q vg-paas vg-other", heal: "vgrename -q vg-other vg-paas"),
        Fault(
            check: "state-disk-full",
            inject: "fallocate -l $(($(df --output=avail -k / | tail -n 1) - 10000))K /var/fill", heal: "rm /var/fill"),
    ]

    private static let volumes = [
        Fault(
            check: "filesystem-read-only", of: "shop/data", inject: "mount -o remount,ro /nfs/shopdata",
            heal: "mount -o remount,rw /nfs/shopdata"),
        Fault(
            check: "filesystem-shut-down", of: "shop/broken",
            inject: """
                convert2nfs volume create shop/broken --pool thick --size 400Mi --client 10.77.0.21
                xfs_io -x -c shutdown /nfs/shopbroken
                """,
            heal: "convert2nfs volume delete shop/broken"),
        Fault(
            check: "volume-full", of: "shop/data",
            inject: "dd if=/dev/zero of=/nfs/shopdata/fill bs=1M status=none 2>/dev/null || true",
            heal: "rm /nfs/shopdata/fill"),
        Fault(
            check: "inodes-exhausted", of: "shop/small",
            inject: "cd /nfs/shopsmall && mkdir f && cd f && seq 9000 | xargs touch 2>/dev/null || true",
            heal: "rm -r /nfs/shopsmall/f"),
        Fault(
            check: "size-differs", of: "shop/data", inject: "lvextend -q -L +100M vg-paas/shop.data",
            heal: "lvreduce -qf -L 400M vg-paas/shop.data"),
        Fault(
            check: "foreign-mount", of: "shop/data", inject: "mount -t tmpfs none /nfs/shopdata",
            heal: "umount /nfs/shopdata"),
        Fault(check: "volume-absent", of: "shop/none", inject: "true"),
        Fault(
            check: "operation-failed", of: "shop/big",
            inject: "! convert2nfs volume create shop/big --pool thick --size 20Gi"),
        // The undo needs the program that the failing step takes away.
        Fault(
            check: "volume-quarantined", of: "shop/spoilt",
            inject: """
                mv /usr/sbin/mkfs.xfs /usr/sbin/mkfs.away
                printf '#!/bin/sh\\nchmod 0 /usr/sbin/lvm\\nexit 1\\n' >/usr/sbin/mkfs.xfs
                chmod 755 /usr/sbin/mkfs.xfs
                ! convert2nfs volume create shop/spoilt --pool thick --size 400Mi
                """,
            heal: """
                mv /usr/sbin/mkfs.away /usr/sbin/mkfs.xfs
                chmod 755 /usr/sbin/lvm
                convert2nfs volume delete shop/spoilt
                """),
    ]

    private static let exports = [
        Fault(check: "client-not-allowed", of: "shop/data --from 10.77.0.99", inject: "true"),
        Fault(
            check: "foreign-export", inject: "echo '/nfs/shopdata *(rw,no_subtree_check)' >>/etc/exports",
            heal: "sed -i /shopdata/d /etc/exports"),
        // etab as somebody made it, and no program to set it right with.
        Fault(
            check: "fsid-differs", of: "shop/data",
            inject: """
                chmod 0 /usr/sbin/exportfs
                sed -i '/shopdata/s/fsid=[0-9a-f-]*/fsid=00000000-0000-4000-8000-000000000001/' /var/lib/nfs/etab
                """, heal: unhide),
        Fault(
            check: "export-differs",
            inject: "chmod 0 /usr/sbin/exportfs; sed -i '/shopdata/s/10.77.0.21/10.77.0.22/' /var/lib/nfs/etab",
            heal: unhide),
    ]

    private static let stop = "pkill -x convert2nfsd; while pgrep -x convert2nfsd >/dev/null; do sleep 0.1; done"

    private static let daemon = [
        Fault(check: "daemon-silent", of: "shop/data", inject: stop),
        Fault(
            check: "address-not-here",
            inject: """
                \(stop)
                sed 's/10.77.0.11/10.77.0.99/' /etc/convert2nfs.yaml >/tmp/other.yaml
                convert2nfsd run --config /tmp/other.yaml >>/var/log/daemon.out 2>&1 </dev/null &
                convert2nfs health --ready --wait 60
                """, heal: stop),
    ]
}
