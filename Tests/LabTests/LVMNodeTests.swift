import HostTools
import Lab
import Testing

/// Our daemon on volume groups, with the kernel's NFS client.
@Suite("A storage node on LVM", .serialized, .machines(.s1, .c1))
struct LVMNodeTests {
    private let pools = """
        pools:
          - {name: thick, backend: lvm, volumeGroup: vg-paas}
          - {name: thin, backend: lvm, volumeGroup: vg-thin, thinPool: pool, overcommit: 3}
        """

    private func node() throws -> Node { Node(machine: try machine("s1"), server: "ganesha", pools: pools) }

    @Test("an operator's volume groups become pools, and what else is in them is left alone")
    func begins() async throws {
        let node = try node()
        try await node.machine.sh(
            """
            modprobe -a dm-mod dm-thin-pool dm-snapshot xfs
            vgcreate -q vg-paas /dev/disk/by-id/virtio-data0
            vgcreate -q vg-thin /dev/disk/by-id/virtio-data1
            lvcreate -q --yes --type thin-pool -L 3G --poolmetadatasize 2M -n pool vg-thin 2>/dev/null
            lvcreate -q --yes -L 100M -n operators vg-paas
            """, deadline: .seconds(60))
        try await node.start()
        let pools = try await node.convert2nfs("pool list -o json")
        #expect(pools.contains("operators"))
    }

    @Test("a volume is created, written, copied at a moment, grown and deleted", arguments: ["thick", "thin"])
    func life(_ pool: String) async throws {
        let node = try node()
        let client = try machine("c1")
        try await node.convert2nfs("volume create shop/\(pool) --pool \(pool) --size 400Mi --client 10.77.0.21")
        try await client.sh(
            """
            mkdir -p /mnt/v && mount -t nfs -o nfsvers=3,proto=tcp,hard s1:/nfs/shop\(pool) /mnt/v
            echo before >/mnt/v/file && sync -f /mnt/v
            """, deadline: .seconds(60))
        try await node.convert2nfs("snapshot create shop/\(pool)@monday")
        try await client.sh("echo after >/mnt/v/file && sync -f /mnt/v")
        try await node.convert2nfs("volume create shop/\(pool)-old --from-snapshot shop/\(pool)@monday")
        try await node.convert2nfs("volume create shop/\(pool)-now --from-volume shop/\(pool)")
        #expect(
            try await node.machine.sh("cat /nfs/shop\(pool)-old/file /nfs/shop\(pool)-now/file") == "before\nafter\n")
        try await node.convert2nfs("volume delete shop/\(pool)-old")
        try await node.convert2nfs("snapshot delete shop/\(pool)@monday")
        try await node.convert2nfs("volume resize shop/\(pool) 600Mi")
        let size = try await client.sh("df --output=size -m /mnt/v | tail -n 1; cat /mnt/v/file; umount /mnt/v")
        let words = size.split(whereSeparator: \.isWhitespace)
        #expect((words.first.flatMap { Int($0) } ?? 0) > 450)
        #expect(words.last == "after")
        try await node.convert2nfs("volume delete shop/\(pool)-now")
        try await node.convert2nfs("volume delete shop/\(pool)")
        let left = try await node.machine.sh("lvs --noheadings -o lv_name | tr -d ' ' | sort; ls /nfs")
        #expect(left == "operators\npool\n")
    }

    @Test("a full group refuses what does not fit, and a thick volume with a snapshot does not grow")
    func refusals() async throws {
        let node = try node()
        try await node.convert2nfs("volume create shop/a --pool thick --size 400Mi")
        try await node.convert2nfs("snapshot create shop/a@monday")
        let refusals = try await node.machine.sh(
            """
            convert2nfs volume create shop/large --pool thick --size 5Gi 2>&1 && echo created
            convert2nfs volume create shop/wide --pool thin --size 20Gi 2>&1 && echo created
            convert2nfs volume resize shop/a 600Mi 2>&1 && echo grown
            true
            """, deadline: .seconds(120))
        #expect(refusals.contains("the volume group vg-paas can promise"))
        #expect(refusals.contains("the thin pool vg-thin/pool can promise"))
        #expect(refusals.contains("cannot grow while it has snapshots"))
        #expect(!refusals.contains("created") && !refusals.contains("grown"))
        #expect(try await node.convert2nfs("volume list -o name") == "shop/a\n")
        #expect(try await node.convert2nfs("volume show shop/a").contains("400Mi"))
    }

    @Test("a thin pool that is nearly full takes nothing new, says so, and takes again when there is room")
    func fullThinPool() async throws {
        let node = try node()
        try await node.machine.sh(
            """
            lvcreate -q --yes --type thin --thinpool pool -V 2900M -n filler vg-thin 2>/dev/null
            dd if=/dev/zero of=/dev/vg-thin/filler bs=1M count=2850 oflag=direct status=none
            """, deadline: .seconds(180))
        let refusal = try await node.machine.sh(
            "convert2nfs volume create shop/thin --pool thin --size 400Mi 2>&1 && echo created || true")
        #expect(refusal.contains("% full of data") && !refusal.contains("created"), "\(refusal)")
        #expect(try await node.convert2nfs("pool list -o json").contains("% full of data"))
        try await node.machine.sh("lvremove -q --yes vg-thin/filler", deadline: .seconds(60))
        try await node.convert2nfs("volume create shop/thin --pool thin --size 400Mi")
        #expect(try await !node.convert2nfs("pool list -o json").contains("% full of data"))
        try await node.convert2nfs("volume delete shop/thin")
    }

    @Test("a thin pool whose metadata is nearly full takes nothing new and says so, before LVM refuses")
    func fullMetadata() async throws {
        let node = try node()
        try await node.convert2nfs("volume create shop/thin --pool thin --size 400Mi")
        try await node.machine.sh(
            """
            full() { lvs --noheadings -o metadata_percent vg-thin/pool | cut -d. -f1 | tr -d ' '; }
            i=1000
            while [ $(full) -lt 76 ]; do
                for n in $(seq 100); do
                    i=$((i + 1))
                    dmsetup message vg--thin-pool-tpool 0 "create_thin $i"
                done
            done
            echo $i >/tmp/last
            """, deadline: .seconds(180))
        let refusals = try await node.machine.sh(
            """
            exec 2>&1
            convert2nfs volume create shop/b --pool thin --size 304Mi && echo made
            convert2nfs snapshot create shop/thin@monday && echo made
            convert2nfs volume create shop/b --from-volume shop/thin && echo made
            true
            """)
        #expect(
            refusals.components(separatedBy: "% full of metadata").count == 4 && !refusals.contains("made"),
            "\(refusals)")
        #expect(try await node.convert2nfs("pool list -o json").contains("--poolmetadatasize"))
        try await node.machine.sh(
            "for n in $(seq 1001 $(cat /tmp/last)); do dmsetup message vg--thin-pool-tpool 0 \"delete $n\"; done",
            deadline: .seconds(180))
        try await node.convert2nfs("snapshot create shop/thin@monday")
        try await node.convert2nfs("volume delete shop/thin --snapshots")
    }

    @Test("a power cut in the middle of creates: all that was answered is back, and nothing is left of the rest")
    func powerCut() async throws {
        let node = try node()
        try await node.machine.sh(
            """
            cat >/tmp/load <<'END'
            i=0
            while :; do
                i=$((i + 1))
                convert2nfs volume create load/v$i --pool thick --size 304Mi && echo load/v$i >>/var/answered
                sync /var/answered
            done
            END
            sh /tmp/load >/dev/null 2>&1 </dev/null &
            until [ "$(cat /var/answered 2>/dev/null | wc -l)" -ge 2 ]; do sleep 0.1; done
            """, deadline: .seconds(120))
        try await node.machine.cutPower()
        try await node.machine.start()
        try await node.machine.waitUntilReady()
        try await node.machine.sh("modprobe -a dm-mod dm-thin-pool dm-snapshot xfs")
        try await node.start()
        let answered = try await node.machine.sh("cat /var/answered")
        let known = try await node.convert2nfs("volume list -o name")
        let names = Set(known.split(separator: "\n"))
        #expect(names.isSuperset(of: answered.split(separator: "\n")))
        #expect(names.contains("shop/a"))
        // The group holds what the catalog knows, all of it is mounted, and nothing else of ours is there.
        let held = try await node.machine.sh(
            "lvs --noheadings -o lv_tags vg-paas | grep -o 'role=volume' | wc -l; grep -c ' /nfs/' /proc/mounts")
        #expect(held.split(separator: "\n").map(String.init) == ["\(names.count)", "\(names.count)"])
        #expect(
            try await node.machine.sh(
                "lvs --noheadings -o lv_tags vg-paas | grep -c 'role=partial\\|role=source' || true") == "0\n")
    }
}
