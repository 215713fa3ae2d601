import HostTools
import Lab
import Testing

@Suite("The lab itself", .serialized, .machines(.s1, .s2, .c1))
struct MachineTests {
    @Test("Machines answer, and two storage nodes differ where real ones do")
    func identity() async throws {
        var found: Set<String> = []
        for name in ["s1", "s2"] {
            let text = try await machine(name).sh("cat /etc/machine-id; blkid -o value -s UUID /dev/vda; hostname")
            let lines = text.split(separator: "\n").map(String.init)
            #expect(lines.count == 3)
            #expect(lines.last == name)
            found.formUnion(lines)
        }
        #expect(found.count == 6)
    }

    @Test("A call gives back status, output and errors apart, and any byte")
    func framing() async throws {
        let machine = try machine("c1")
        let shell = Tool(name: "sh", path: "/bin/sh")
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let output = try await machine.run(
            Invocation(shell, ["-c", "cat; echo no >&2; exit 7"], standardInput: bytes))
        #expect(output.status == .exited(7))
        #expect(output.standardOutput == bytes)
        #expect(output.standardError == Array("no\n".utf8))
    }

    @Test("What a call leaves in the background does not hold it; what outlives its deadline is killed")
    func endings() async throws {
        let machine = try machine("c1")
        try await machine.sh("sleep 1000 &", deadline: .seconds(10))
        await #expect(throws: HostError.self) { try await machine.sh("sleep 2000", deadline: .seconds(1)) }
        try await machine.sh("i=0; while pgrep -f 'sleep 200[0]'; do i=$((i+1)); [ $i -lt 50 ]; sleep 0.1; done")
        try await machine.sh("pgrep -f 'sleep 100[0]'")
    }

    @Test("LVM: a thick and a thin volume are made, carry xfs and are mounted")
    func volumes() async throws {
        try await machine("s2").sh(
            """
            modprobe -a dm-mod dm-thin-pool xfs
            vgcreate vg0 /dev/disk/by-id/virtio-data0
            lvcreate --yes -L 400M -n thick vg0
            lvcreate --yes -T -L 1G -V 400M -n thin vg0/pool
            for name in thick thin; do
                mkfs.xfs -q /dev/vg0/$name
                mkdir -p /srv/$name
                mount /dev/vg0/$name /srv/$name
                echo $name >/srv/$name/file
            done
            """, deadline: .seconds(120))
    }

    @Test("The kernel's server serves the kernel's client", arguments: ["nfsvers=3", "nfsvers=4.1"])
    func kernelServer(_ version: String) async throws {
        try await machine("s2").sh(
            """
            mkdir -p /srv/kernel
            modprobe nfsd
            mountpoint -q /proc/fs/nfsd || mount -t nfsd nfsd /proc/fs/nfsd
            pidof rpcbind || rpcbind -w
            pidof rpc.mountd || rpc.mountd
            exportfs -o rw,no_root_squash,no_subtree_check,fsid=77 10.77.0.21:/srv/kernel
            rpc.nfsd -G 10 -L 10 4
            """)
        let text = try await machine("c1").sh(
            """
            mkdir -p /mnt/kernel
            mount -t nfs -o \(version),proto=tcp,hard 10.77.0.12:/srv/kernel /mnt/kernel
            echo \(version) >/mnt/kernel/\(version)
            sync -f /mnt/kernel
            grep ' /mnt/kernel ' /proc/mounts
            umount /mnt/kernel
            """, deadline: .seconds(120))
        #expect(text.contains("vers=\(version.dropFirst("nfsvers=".count))"))
        #expect(try await machine("s2").sh("cat /srv/kernel/\(version)") == "\(version)\n")
    }
}

@Suite("Our daemon in a machine", .serialized, .machines(.s1, .c1))
struct NodeTests {
    @Test("The kernel's client writes over one mount and reads over another, v3 and v4.1")
    func mounts() async throws {
        let node = Node(machine: try machine("s1"), server: "ganesha")
        try await node.start()
        try await node.convert2nfs("volume create shop/data --size 400Mi --client 10.77.0.21")
        for (version, index) in [("3", 1), ("4.1", 2)] {
            let sums = try await machine("c1").sh(
                """
                for side in a b; do
                    mkdir -p /mnt/${side}\(index)
                    mount -t nfs -o nfsvers=\(version),proto=tcp,hard,nosharecache,noac s1:/nfs/shopdata /mnt/${side}\(index)
                done
                dd if=/dev/urandom of=/mnt/a\(index)/v\(index) bs=64k count=64 conv=fsync status=none
                sha256sum </mnt/a\(index)/v\(index)
                echo 3 >/proc/sys/vm/drop_caches
                sha256sum </mnt/b\(index)/v\(index)
                """, deadline: .seconds(180)
            ).split(separator: "\n")
            #expect(sums.count == 2)
            #expect(sums.first == sums.last)
        }
    }

    @Test("A lock that one mount holds is refused to another until it is let go, v3 and v4.1", arguments: ["3", "4.1"])
    func locks(_ version: String) async throws {
        let text = try await machine("c1").sh(
            """
            for side in c d; do
                mkdir -p /mnt/${side}\(version)
                mount -t nfs -o nfsvers=\(version),proto=tcp,hard,nosharecache,noac s1:/nfs/shopdata /mnt/${side}\(version)
            done
            touch /mnt/c\(version)/locked
            exec 7>>/mnt/c\(version)/locked
            flock -w 60 -x 7
            flock -n -x /mnt/d\(version)/locked true && echo had || echo refused
            flock -u 7
            flock -w 60 -x /mnt/d\(version)/locked echo had
            exec 7>&-
            umount /mnt/c\(version) /mnt/d\(version)
            """, deadline: .seconds(180))
        #expect(text == "refused\nhad\n")
    }

    @Test("A power cut in the middle of writes: the hard mounts go on, and nothing that was synced is lost")
    func powerCut() async throws {
        let node = Node(machine: try machine("s1"), server: "ganesha")
        let client = try machine("c1")
        // Each number is noted in the client's own memory only once it is synced.
        for index in [1, 2] {
            try await client.sh(
                """
                cat >/tmp/writer\(index) <<'END'
                i=0
                while [ ! -e /tmp/stop ]; do
                    echo $i | dd of=/mnt/a\(index)/record\(index) oflag=append conv=notrunc,fsync status=none || exit 1
                    echo $i >>/tmp/synced\(index)
                    i=$((i + 1))
                done
                echo ended >/tmp/ended\(index)
                END
                sh /tmp/writer\(index) >/tmp/errors\(index) 2>&1 </dev/null &
                """)
        }
        try await progress(client, beyond: 5)
        try await node.machine.cutPower()
        try await node.machine.start()
        try await node.machine.waitUntilReady()
        let noted = try await client.sh("cat /tmp/synced1 /tmp/synced2 | wc -l")
        try await node.start()
        try await progress(client, beyond: (Int(noted.filter(\.isNumber)) ?? 0) + 10)
        let errors = try await client.sh(
            """
            touch /tmp/stop
            until [ -e /tmp/ended1 ] && [ -e /tmp/ended2 ]; do sleep 0.1; done
            cat /tmp/errors1 /tmp/errors2
            """, deadline: .seconds(120))
        #expect(errors.isEmpty)
        for index in [1, 2] {
            let lost = try await client.sh(
                "sort -u /mnt/a\(index)/record\(index) >/tmp/found; sort -u /tmp/synced\(index) >/tmp/wanted; comm -13 /tmp/found /tmp/wanted",
                deadline: .seconds(120))
            #expect(lost.isEmpty, "lost: \(lost)")
        }
    }

    /// Waits until both writers together have synced more than so many records.
    private func progress(_ client: Machine, beyond count: Int) async throws {
        try await client.sh(
            "until [ $(cat /tmp/synced1 /tmp/synced2 2>/dev/null | wc -l) -gt \(count) ]; do sleep 0.3; done",
            deadline: .seconds(90))
    }
}
