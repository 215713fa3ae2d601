import HostTools
import Lab
import Testing

/// Our daemon on a Ceph pool, with the kernel's RBD, NFS server and NFS client.
@Suite("A storage node on Ceph", .serialized, .machines(.s1, .c1, withCeph: true))
struct CephNodeTests {
    private static let pools = """
        pools:
          - {name: ceph, backend: rbd, pool: rbd, user: convert2nfs}
        """

    private func node() throws -> Node { Node(machine: try machine("s1"), server: "kernel", pools: Self.pools) }

    @Test("a volume is created, written, copied at a moment, grown and deleted, and nothing is left in the pool")
    func life() async throws {
        let (node, client, cluster) = (try node(), try machine("c1"), try ceph())
        try await cluster.admit(node.machine)
        try await cluster.rbd("create --size 64M rbd/convert2nfs.operators")
        try await cluster.rbd("create --size 64M rbd/others")
        try await node.start()
        try await node.convert2nfs("volume create shop/data --size 400Mi --client 10.77.0.21")
        try await client.sh(
            """
            mkdir -p /mnt/v && mount -t nfs -o nfsvers=3,proto=tcp,hard s1:/nfs/shopdata /mnt/v
            head -c 50000000 /dev/urandom >/mnt/v/large
            echo before >/mnt/v/file && sync -f /mnt/v
            """, deadline: .seconds(60))
        try await node.convert2nfs("snapshot create shop/data@monday")
        // All that was written is the snapshot's at this moment.
        let stored = try await node.convert2nfs(
            "volume show shop/data -o json | sed -n 's/.*\"storedBytes\" *: *\\([0-9]*\\).*/\\1/p'")
        let used = try await cluster.rbd("du --format json rbd/convert2nfs.shop.data")
        #expect(
            Int(stored.split(separator: "\n").first ?? "").map {
                $0 > 50_000_000 && used.contains("\"used_size\":\($0)}")
            } == true, "\(stored) \(used)")
        try await client.sh("echo after >/mnt/v/file && sync -f /mnt/v")
        try await node.convert2nfs("volume create shop/old --from-snapshot shop/data@monday")
        try await node.convert2nfs("volume create shop/now --from-volume shop/data")
        #expect(try await node.machine.sh("cat /nfs/shopold/file /nfs/shopnow/file") == "before\nafter\n")
        try await node.convert2nfs("snapshot delete shop/data@monday")
        try await node.convert2nfs("volume resize shop/data 600Mi")
        let size = try await client.sh("df --output=size -m /mnt/v | tail -n 1; cat /mnt/v/file; umount /mnt/v")
        let words = size.split(whereSeparator: \.isWhitespace)
        #expect((words.first.flatMap { Int($0) } ?? 0) > 450)
        #expect(words.last == "after")
        // What the copies shared is their own by and by, so that their source can go for good.
        try await node.convert2nfs("volume delete shop/data")
        try await node.machine.sh(
            "until convert2nfs pool list -o json | tr -d ' \\n' | grep -q '\"copies\":\\[\\]'; do sleep 0.2; done",
            deadline: .seconds(90))
        #expect(try await node.convert2nfs("pool list -o json").contains("convert2nfs.operators"))
        for name in ["old", "now"] {
            #expect(
                try await cluster.rbd("info --format json rbd/convert2nfs.shop.\(name)").contains("parent") == false)
            try await node.convert2nfs("volume delete shop/\(name)")
        }
        #expect(try await cluster.rbd("ls rbd") == "convert2nfs.operators\nothers\n")
        try await emptyTrash(cluster)
        #expect(try await node.machine.sh("ls /nfs; ls /sys/bus/rbd/devices; convert2nfs volume list -o name").isEmpty)
        try await cluster.rbd("rm rbd/convert2nfs.operators --no-progress")
    }

    @Test("a pool that is at its quota takes nothing new and says so, and takes again when it may hold more")
    func quota() async throws {
        let (node, cluster) = (try node(), try ceph())
        try await cluster.ceph("osd pool set-quota rbd max_bytes 1073741824")
        let refusal = try await node.machine.sh(
            "convert2nfs volume create shop/large --size 2Gi 2>&1 && echo created || true")
        #expect(refusal.contains("can promise") && !refusal.contains("created"), "\(refusal)")
        try await node.convert2nfs("volume create shop/a --size 400Mi --client 10.77.0.21")
        try await cluster.ceph("osd pool set-quota rbd max_bytes 4194304")
        try await node.machine.sh(
            "dd if=/dev/urandom of=/nfs/shopa/file bs=1M count=16 conv=fsync status=none >/dev/null 2>&1 </dev/null &")
        let full = try await node.machine.sh(
            """
            until convert2nfs pool list -o json | grep -q 'reached its quota'; do sleep 0.5; done
            convert2nfs volume create shop/b --size 400Mi 2>&1 && echo created || true
            convert2nfs doctor || true
            """, deadline: .seconds(90))
        #expect(full.contains("reached its quota") && !full.contains("created"), "\(full)")
        #expect(full.contains("pool-near-full"), "\(full)")
        try await cluster.ceph("osd pool set-quota rbd max_bytes 0")
        try await node.machine.sh(
            """
            until convert2nfs volume create shop/b --size 400Mi; do sleep 1; done
            until [ "$(stat -c %s /nfs/shopa/file)" = 16777216 ]; do sleep 0.2; done; sync -f /nfs/shopa
            convert2nfs volume delete shop/a && convert2nfs volume delete shop/b
            """, deadline: .seconds(120))
    }

    @Test("an OSD is killed under load: the client sees no error, and nothing that was synced is lost")
    func storeKilled() async throws {
        let (node, cluster) = (try node(), try ceph())
        try await node.convert2nfs("volume create shop/load --size 400Mi --client 10.77.0.21")
        let application = Application(on: try machine("c1"), "load")
        try await application.start("/nfs/shopload", from: "s1", options: "nfsvers=3")
        try await application.proceed()
        try await cluster.killStore(0)
        try await application.proceed()
        try cluster.startStore(0)
        try await application.proceed()
        try await cluster.waitUntilHealthy()
        let result = try await application.stop()
        #expect(result.lost == 0 && result.errors == "none", "\(result)")
        try await node.convert2nfs("volume delete shop/load")
    }

    @Test("while Ceph does not answer, requests are refused in time, the pool and the doctor say why, and all heals")
    func silence() async throws {
        let (node, cluster) = (try node(), try ceph())
        try await node.convert2nfs("volume create shop/kept --size 400Mi --client 10.77.0.21")
        let application = Application(on: try machine("c1"), "kept")
        try await application.start("/nfs/shopkept", from: "s1", options: "nfsvers=3")
        try await application.proceed()
        try cluster.pause(true)
        // Whatever comes of it, the others need it.
        defer { try? cluster.pause(false) }
        let answers = try await node.machine.sh(
            """
            for n in 1 2 3 4; do (convert2nfs volume create shop/n$n --size 400Mi >/tmp/n$n 2>&1 || echo $? >>/tmp/n$n) & done
            wait
            cat /tmp/n?
            convert2nfs pool list
            convert2nfs doctor || true
            """, deadline: .seconds(150))
        #expect(answers.components(separatedBy: "Ceph does not answer").count > 6, "\(answers)")
        #expect(answers.contains("pool-unavailable"), "\(answers)")
        try cluster.pause(false)
        try await application.proceed()
        let result = try await application.stop()
        #expect(result.lost == 0 && result.errors == "none", "\(result)")
        try await node.machine.sh(
            "until convert2nfs volume create shop/n1 --size 400Mi; do sleep 1; done; convert2nfs volume delete shop/n1",
            deadline: .seconds(120))
        try await node.convert2nfs("volume delete shop/kept")
        #expect(try await cluster.rbd("ls rbd") == "others\n")
    }

    @Test("a key that Ceph refuses is named, and what works with it works again once it is right")
    func wrongKey() async throws {
        let node = try node()
        try await node.machine.sh(
            """
            kill $(pidof convert2nfsd); while pidof convert2nfsd >/dev/null; do sleep 0.1; done
            cd /etc/ceph; cp ceph.client.convert2nfs.keyring right
            sed -i 's/key = .*/key = AQBSdFhcAAAAABAAxZ5TKSvG4QbF8uVMzwYh2g==/' ceph.client.convert2nfs.keyring
            """)
        try await node.launch()
        let answers = try await node.machine.sh(
            """
            until convert2nfs pool list; do sleep 0.2; done
            convert2nfs volume create shop/a --size 400Mi 2>&1 && echo created || true
            mv /etc/ceph/right /etc/ceph/ceph.client.convert2nfs.keyring
            """, deadline: .seconds(90))
        #expect(
            answers.contains("refuses the user convert2nfs or its key") && !answers.contains("created"), "\(answers)")
        try await node.waitUntilReady()
        try await node.machine.sh(
            "until convert2nfs volume create shop/a --size 400Mi; do sleep 1; done; convert2nfs volume delete shop/a",
            deadline: .seconds(90))
    }

    @Test("what an interrupted renaming or removal has left of a name is finished or undone, and harms no volume")
    func halfNames() async throws {
        let (node, cluster) = (try node(), try ceph())
        for name in ["a", "b"] { try await node.convert2nfs("volume create shop/\(name) --size 304Mi") }
        try await node.machine.sh("echo kept >/nfs/shopa/file; sync -f /nfs/shopa")
        let id =
            try await cluster.rbd("info --format json rbd/convert2nfs.shop.a")
            .components(separatedBy: "\"id\":\"").last?.prefix { $0 != "\"" } ?? ""
        let trace =
            try await node.convert2nfs("volume show shop/a -o json").components(separatedBy: "\"id\" : \"")
            .last?.prefix { $0 != "\"" } ?? ""
        // The last step of a renaming is missing, and the first one of another.
        for other in ["convert2nfs.partial..\(trace)", "convert2nfs.shop.c"] {
            try await cluster.rados("cp rbd_id.convert2nfs.shop.a rbd_id.\(other)")
        }
        try await node.convert2nfs("volume create shop/c --size 304Mi")
        let made = try await cluster.rbd("info --format json rbd/convert2nfs.shop.c")
        #expect(!id.isEmpty && !made.contains(id), "\(id) \(made)")
        #expect(try await node.machine.sh("ls /nfs/shopc").isEmpty)
        // A removal has not come to its end.
        try await cluster.rados("rm rbd_id.convert2nfs.shop.b")
        try await node.convert2nfs("volume delete shop/b")
        try await node.convert2nfs("volume delete shop/c")
        #expect(try await node.machine.sh("cat /nfs/shopa/file") == "kept\n")
        try await node.convert2nfs("volume delete shop/a")
        #expect(try await cluster.rbd("ls rbd") == "others\n")
        try await emptyTrash(cluster)
        #expect(
            try await cluster.rados("ls").split(separator: "\n").filter { $0.hasPrefix("rbd_id.convert2nfs") } == [])
    }

    @Test("an image that somebody else has open is not mapped beside him, and is once he has let go")
    func openElsewhere() async throws {
        let (node, client, cluster) = (try node(), try machine("c1"), try ceph())
        try await node.convert2nfs("volume create shop/a --size 400Mi")
        try await node.machine.sh(
            """
            kill $(pidof convert2nfsd); while pidof convert2nfsd >/dev/null; do sleep 0.1; done
            convert2nfsd retire --config /etc/convert2nfs.yaml >/dev/null
            """, deadline: .seconds(90))
        try await cluster.admit(client)
        let key = try await client.sh("sed -n 's/.*key = //p' /etc/ceph/ceph.client.convert2nfs.keyring")
        try await client.sh(
            """
            modprobe rbd
            echo '\(CephCluster.address):6789 name=convert2nfs,secret=\(key.dropLast()) rbd convert2nfs.shop.a -' >/sys/bus/rbd/add_single_major
            """)
        try await node.launch()
        let condition = try await node.machine.sh(
            """
            until convert2nfs volume show shop/a | grep 'is open at'; do sleep 0.5; done
            """, deadline: .seconds(90))
        #expect(condition.contains(try machine("c1").spec.replicationAddress), "\(condition)")
        try await client.sh("echo 0 >/sys/bus/rbd/remove_single_major")
        try await node.machine.sh(
            "until grep -q ' /nfs/shopa ' /proc/mounts; do sleep 0.2; done", deadline: .seconds(90))
        try await node.convert2nfs("volume delete shop/a")
    }

    @Test("the power is cut in the middle of creates: all that was answered is back, and nothing is left of the rest")
    func powerCut() async throws {
        let (node, cluster) = (try node(), try ceph())
        try await node.machine.sh(
            """
            i=0
            while :; do
                i=$((i + 1))
                convert2nfs volume create load/v$i --size 304Mi && echo load/v$i >>/var/answered
                sync /var/answered
            done >/dev/null 2>&1 </dev/null &
            until [ "$(cat /var/answered 2>/dev/null | wc -l)" -ge 2 ]; do sleep 0.1; done
            """, deadline: .seconds(120))
        try await node.machine.cutPower()
        try await node.machine.start()
        try await node.machine.waitUntilReady()
        try await node.start()
        let answered = try await node.machine.sh("cat /var/answered").split(separator: "\n")
        let names = try await node.convert2nfs("volume list -o name").split(separator: "\n")
        #expect(Set(names).isSuperset(of: answered))
        #expect(try await node.machine.sh("grep -c ' /nfs/' /proc/mounts") == "\(names.count)\n")
        #expect(try await cluster.rbd("ls rbd").split(separator: "\n").count == names.count + 1)
        for name in names { try await node.convert2nfs("volume delete \(name)") }
        try await emptyTrash(cluster)
    }

    private func emptyTrash(_ cluster: CephCluster) async throws {
        let end = ContinuousClock.now + .seconds(60)
        while true {
            let left = try await cluster.rbd("trash ls --all rbd")
            if left.isEmpty { return }
            try #require(ContinuousClock.now < end, "still in the trash: \(left)")
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    @Test("an image that this node may not open is in nobody's way, and what it could hold counts")
    func strangeImages() async throws {
        let (node, cluster) = (try node(), try ceph())
        // Its room is the same all the time then.
        try await cluster.ceph("osd pool set-quota rbd max_bytes 2147483648")
        let before = try await available(node)
        // Copies of one in a pool that the node's user has no right to.
        try await cluster.ceph("osd pool create others 8 8")
        try await cluster.rbd("create --size 64M others/parent")
        try await cluster.rbd("snap create --no-progress others/parent@one")
        for name in ["strange", "convert2nfs.strange"] {
            try await cluster.rbd("clone --rbd-default-clone-format 2 others/parent@one rbd/\(name)")
        }
        try await node.convert2nfs("volume create shop/beside --size 304Mi")
        #expect(try await node.convert2nfs("pool list -o json").contains("convert2nfs.strange"))
        #expect(try await available(node) == before - (64 + 64 + 304) << 20)
        try await node.convert2nfs("volume delete shop/beside")
        try await cluster.ceph("osd pool set-quota rbd max_bytes 0")
    }

    /// What the pool may promise yet, in bytes.
    private func available(_ node: Node) async throws -> Int {
        let text = try await node.convert2nfs("pool list -o json")
        return try #require(Int(text.firstMatch(of: /"availableBytes" *: *([0-9]+)/)?.output.1 ?? ""))
    }
}
