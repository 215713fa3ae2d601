import HostTools
import Lab
import Testing

/// Our daemon on the kernel's NFS server and LVM, with the kernel's NFS client.
@Suite("A storage node on the kernel's NFS server", .serialized, .machines(.s1, .c1))
struct KernelNodeTests {
    private func node() throws -> Node {
        Node(
            machine: try machine("s1"), server: "kernel",
            pools: "pools: [{name: default, backend: lvm, volumeGroup: vg-paas}]")
    }

    private func client() throws -> Machine { try machine("c1") }

    @Test("a volume is mounted over v3 and v4.1, and an operator's own exports, a broken one too, are left alone")
    func mounts() async throws {
        let node = try node()
        try await node.machine.sh(
            """
            modprobe -a dm-mod dm-snapshot xfs
            vgcreate -q vg-paas /dev/disk/by-id/virtio-data0
            mkdir -p /srv/own
            echo '/srv/own 10.77.0.0/24(ro,sync,no_subtree_check)' >/etc/exports
            echo '/srv/absent 10.77.0.0/24(ro,sync,no_subtree_check)' >>/etc/exports
            """, deadline: .seconds(60))
        try await node.start()
        try await node.convert2nfs("volume create shop/data --size 400Mi --client 10.77.0.21")
        for (version, path) in [("3", "/mnt/a"), ("4.1", "/mnt/b")] {
            try await client().sh(
                """
                mkdir -p \(path)
                mount -t nfs -o nfsvers=\(version),proto=tcp,hard,nosharecache s1:/nfs/shopdata \(path)
                echo \(version) >\(path)/v\(version) && sync -f \(path)
                """, deadline: .seconds(60))
        }
        #expect(try await node.machine.sh("cat /nfs/shopdata/v3 /nfs/shopdata/v4.1") == "3\n4.1\n")
        let table = try await node.machine.sh("cat /var/lib/nfs/etab; ls /etc/exports.d")
        #expect(table.contains("/srv/own\t10.77.0.0/24("))
        #expect(table.contains("convert2nfs-1.exports"))
        let ports = try await client().sh("rpcinfo -p s1; rpcinfo -u s1 nfs 3; rpcinfo -u s1 mountd 3")
        for port in [2049, 20048, 20049, 20050] { #expect(ports.contains(" \(port) "), "\(port): \(ports)") }
    }

    @Test("a client that is removed fails at its next operation on an open file, and goes on when it is named again")
    func withdrawn() async throws {
        let node = try node()
        let client = try client()
        let write = """
            for path in /mnt/a /mnt/b; do
                dd if=/dev/zero of=$path/new conv=fsync bs=1k count=1 status=none 2>/dev/null && echo ok || echo refused
            done
            """
        #expect(try await client.sh(write, deadline: .seconds(30)) == "ok\nok\n")
        try await client.sh(
            """
            for path in /mnt/a /mnt/b; do
                ( exec 7>>$path/held; while [ ! -e /tmp/stop ]; do
                    { echo x >&7 && sync $path/held; } 2>/dev/null && echo ok || echo refused
                    sleep 0.2
                done ) >$path.log 2>/dev/null </dev/null &
            done
            until grep -q ok /mnt/a.log && grep -q ok /mnt/b.log; do sleep 0.1; done
            """, deadline: .seconds(60))
        try await node.convert2nfs("volume clients shop/data --remove 10.77.0.21")
        try await client.sh(
            "until grep -q refused /mnt/a.log && grep -q refused /mnt/b.log; do sleep 0.1; done; touch /tmp/stop",
            deadline: .seconds(60))
        #expect(try await client.sh(write, deadline: .seconds(60)) == "refused\nrefused\n")
        try await node.convert2nfs("volume clients shop/data --add 10.77.0.21")
        #expect(try await client.sh(write, deadline: .seconds(60)) == "ok\nok\n")
    }

    @Test("of networks within each other a client gets the access of the narrowest, whichever was named first")
    func networks() async throws {
        let node = try node()
        let client = try client()
        let touch = "touch /mnt/a/t 2>/dev/null && echo rw || echo ro"
        try await node.convert2nfs("volume clients shop/data --set 10.77.0.0/24=ro")
        #expect(try await client.sh(touch, deadline: .seconds(30)) == "ro\n")
        try await node.convert2nfs("volume clients shop/data --add 10.0.0.0/8")
        #expect(try await client.sh(touch, deadline: .seconds(30)) == "ro\n")
        try await node.convert2nfs("volume clients shop/data --add 10.77.0.21")
        #expect(try await client.sh(touch, deadline: .seconds(30)) == "rw\n")
        try await node.convert2nfs("volume clients shop/data --set 10.77.0.21")
    }

    @Test("a volume whose filesystem has shut itself down is deleted like any other")
    func shutDown() async throws {
        let node = try node()
        try await node.convert2nfs("volume create shop/dead --size 304Mi --client 10.77.0.21")
        try await node.machine.sh("xfs_io -x -c shutdown /nfs/shopdead")
        try await node.convert2nfs("volume delete shop/dead")
        let left = try await node.machine.sh(
            "ls /nfs; lvs --noheadings -o lv_name vg-paas | tr -d ' '; grep -c shopdead /var/lib/nfs/etab || true")
        #expect(left == "shopdata\nshop.data\n0\n", "\(left)")
    }

    @Test("a volume that was mounted a moment ago is deleted, however often exports changed within that second")
    func deletedAfterManyChanges() async throws {
        let node = try node()
        try await node.convert2nfs("volume create shop/quick --size 400Mi --client 10.77.0.21")
        try await node.machine.sh("for change in 1 2 3 4 5; do exportfs -f; done")
        try await client().sh(
            """
            mkdir -p /mnt/quick
            mount -t nfs -o nfsvers=3,proto=tcp,hard,nosharecache s1:/nfs/shopquick /mnt/quick
            umount /mnt/quick
            """, deadline: .seconds(60))
        try await node.convert2nfs("volume delete shop/quick")
        #expect(
            try await node.machine.sh("cat /proc/mounts /proc/net/rpc/nfsd.*/content").contains("shopquick") == false)
    }

    @Test("volumes are deleted while a client that may not have them keeps asking for them")
    func deletedUnderLooks() async throws {
        let node = try node()
        let client = try client()
        for round in 1...3 {
            let name = "asked\(round)"
            try await node.convert2nfs("volume create shop/\(name) --size 304Mi --client 10.77.0.21")
            try await client.sh(
                """
                rm -f /tmp/looks
                mkdir -p /mnt/\(name) && mount -t nfs -o nfsvers=3,proto=tcp,hard,noac s1:/nfs/shop\(name) /mnt/\(name)
                ( while [ ! -e /tmp/enough ]; do stat /mnt/\(name) || echo refused >>/tmp/looks; done ) >/dev/null 2>&1 </dev/null &
                """, deadline: .seconds(60))
            try await node.convert2nfs("volume clients shop/\(name) --remove 10.77.0.21")
            try await client.sh("until grep -q refused /tmp/looks; do sleep 0.1; done", deadline: .seconds(60))
            try await node.convert2nfs("volume delete shop/\(name)")
            try await client.sh(
                "touch /tmp/enough; sleep 0.2; umount -fl /mnt/\(name); rm /tmp/enough", deadline: .seconds(60))
        }
        #expect(try await node.machine.sh("ls /nfs; grep -c asked /proc/mounts || true") == "shopdata\n0\n")
    }

    @Test("a lost catalog is rebuilt from the volume group, and a client that had it mounted goes on where it was")
    func lostCatalog() async throws {
        let node = try node()
        let client = try client()
        try await node.convert2nfs("volume create shop/kept --size 400Mi --client 10.77.0.21")
        try await client.sh(
            """
            mkdir -p /mnt/kept && mount -t nfs -o nfsvers=3,proto=tcp,hard,nosharecache s1:/nfs/shopkept /mnt/kept
            echo kept >/mnt/kept/file && sync -f /mnt/kept
            """, deadline: .seconds(60))
        try await node.convert2nfs("snapshot create shop/kept@monday")
        try await node.machine.sh(
            """
            daemon=$(pidof convert2nfsd); kill $daemon
            timeout 30 tail --pid=$daemon -f /dev/null
            rm /var/lib/convert2nfs/catalog.sqlite*
            """, deadline: .seconds(60))
        try await node.start()
        #expect(try await node.convert2nfs("volume list -o name") == "")
        #expect(try await node.convert2nfs("catalog rebuild --dry-run -o name") == "shop/data\nshop/kept\n")
        #expect(try await node.convert2nfs("volume list -o name") == "")
        #expect(try await node.convert2nfs("catalog rebuild -o name") == "shop/data\nshop/kept\n")
        for volume in ["shop/data", "shop/kept"] {
            try await node.convert2nfs("volume clients \(volume) --add 10.77.0.21")
        }
        let text = try await client.sh(
            "echo 3 >/proc/sys/vm/drop_caches; cat /mnt/kept/file; echo more >>/mnt/kept/file && sync -f /mnt/kept && umount /mnt/kept",
            deadline: .seconds(60))
        #expect(text == "kept\n")
        try await node.convert2nfs("volume create shop/old --from-snapshot shop/kept@monday")
        #expect(try await node.machine.sh("cat /nfs/shopold/file /nfs/shopkept/file") == "kept\nkept\nmore\n")
        for volume in ["shop/old", "shop/kept --snapshots"] { try await node.convert2nfs("volume delete \(volume)") }
        #expect(try await node.machine.sh("lvs --noheadings -o lv_name vg-paas | tr -d ' '") == "shop.data\n")
    }

    @Test("a power cut: the hard mounts go on without an error, and what was synced is there")
    func powerCut() async throws {
        let node = try node()
        let client = try client()
        try await client.sh(
            """
            rm -f /tmp/stop
            for path in /mnt/a /mnt/b; do
                ( i=0; while [ ! -e /tmp/stop ]; do
                    echo $i | dd of=$path/record${path#/mnt/} oflag=append conv=notrunc,fsync status=none || echo failed
                    echo $i >>/tmp/synced${path#/mnt/}
                    i=$((i + 1))
                done; echo ended >/tmp/ended${path#/mnt/} ) >$path.errors 2>&1 </dev/null &
            done
            until [ "$(cat /tmp/synceda /tmp/syncedb 2>/dev/null | wc -l)" -gt 6 ]; do sleep 0.2; done
            """, deadline: .seconds(90))
        try await node.machine.cutPower()
        try await node.machine.start()
        try await node.machine.waitUntilReady()
        try await node.machine.sh("modprobe -a dm-mod dm-snapshot xfs")
        let noted = try await client.sh("cat /tmp/synceda /tmp/syncedb | wc -l")
        try await node.start()
        let errors = try await client.sh(
            """
            until [ "$(cat /tmp/synceda /tmp/syncedb | wc -l)" -gt \((Int(noted.filter(\.isNumber)) ?? 0) + 10) ]; do sleep 0.3; done
            touch /tmp/stop
            until [ -e /tmp/endeda ] && [ -e /tmp/endedb ]; do sleep 0.1; done
            cat /mnt/a.errors /mnt/b.errors
            for name in a b; do
                sort -u /mnt/$name/record$name >/tmp/found; sort -u /tmp/synced$name >/tmp/wanted; comm -13 /tmp/found /tmp/wanted
            done
            """, deadline: .seconds(180))
        #expect(errors.isEmpty, "\(errors)")
    }

    @Test("a volume that a client has files of open is deleted by force only, and nothing is left of it")
    func deleted() async throws {
        let node = try node()
        let client = try client()
        try await client.sh(
            """
            ( exec 7>/mnt/a/open8; flock -x 7; sleep 1000 ) >/dev/null 2>&1 </dev/null &
            ( exec 7>/mnt/b/open9; sleep 1000 ) >/dev/null 2>&1 </dev/null &
            until [ -e /mnt/a/open8 ] && [ -e /mnt/b/open9 ]; do sleep 0.1; done
            """, deadline: .seconds(60))
        let refusal = try await node.machine.sh("convert2nfs volume delete shop/data 2>&1 && echo deleted || true")
        #expect(
            refusal.contains("10.77.0.21:") && refusal.contains("/open9") && !refusal.contains("deleted"), "\(refusal)")
        #expect(
            try await client.sh("echo still >/mnt/b/still && cat /mnt/a/still", deadline: .seconds(30)) == "still\n")
        try await node.convert2nfs("volume delete shop/data --force")
        let left = try await node.machine.sh(
            "lvs --noheadings -o lv_name vg-paas; ls /nfs; ls /etc/exports.d; grep -c /nfs/ /proc/mounts || true; grep -c ^/nfs/ /var/lib/nfs/etab || true; grep -c ^/srv/own /var/lib/nfs/etab"
        )
        #expect(left == "0\n0\n1\n", "\(left)")
    }
}
