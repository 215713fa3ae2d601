import HostTools
import Lab
import Testing

/// A node whose configuration names no NFS server, on a machine that has the kernel's and NFS-Ganesha.
@Suite("A node that chooses its NFS server", .serialized, .machines(.s1, .c1))
struct AutoServerTests {
    private func node() throws -> Node { Node(machine: try machine("s1"), server: nil) }

    private let server = "convert2nfs node | sed -n 's/^NFS server: *//p'; cat /var/lib/convert2nfs/nfs-server"
    private let end = "kill $(pidof convert2nfsd); while pidof convert2nfsd >/dev/null; do sleep 0.1; done"

    @Test("it takes the kernel's, and clients mount")
    func chooses() async throws {
        let node = try node()
        try await node.machine.sh("modprobe -a loop xfs")
        try await node.start()
        #expect(try await node.machine.sh(server) == "kernel\nkernel\n")
        try await node.convert2nfs("volume create shop/data --size 300Mi --client 10.77.0.21")
        try await machine("c1").sh(
            "mkdir -p /mnt/a; mount -t nfs -o nfsvers=3,proto=tcp,hard s1:/nfs/shopdata /mnt/a; echo 1 >/mnt/a/f; umount /mnt/a",
            deadline: .seconds(60))
    }

    @Test("a node that is retired and started lets its clients wait, who lose nothing and see no error")
    func retires() async throws {
        let node = try node()
        let client = try machine("c1")
        for version in ["3", "4.1"] {
            try await client.sh(
                """
                mkdir -p /mnt/w\(version); rm -f /tmp/stop
                mount -t nfs -o nfsvers=\(version),proto=tcp,hard,nosharecache s1:/nfs/shopdata /mnt/w\(version)
                ( exec 7>/mnt/w\(version)/log\(version); n=0; while [ ! -e /tmp/stop ]; do
                    n=$((n + 1)); { echo $n >&7 && sync /mnt/w\(version)/log\(version); } || echo failed at $n
                    sleep 0.1
                done; echo $n ) >/tmp/out\(version) 2>&1 </dev/null &
                until [ -s /mnt/w\(version)/log\(version) ]; do sleep 0.1; done
                """, deadline: .seconds(60))
        }
        let answer = try await node.machine.sh(
            "\(end); convert2nfsd retire --config /etc/convert2nfs.yaml; cat /proc/fs/nfsd/threads",
            deadline: .seconds(60))
        #expect(answer == "NFS is stopped, 1 volumes are unmounted and detached; their data is untouched\n0\n")
        try await node.start()
        let result = try await client.sh(
            """
            for version in 3 4.1; do
                log=/mnt/w$version/log$version
                before=$(wc -l <$log); until [ $(wc -l <$log) -gt $before ]; do sleep 0.2; done
            done
            touch /tmp/stop
            for version in 3 4.1; do
                until [ -s /tmp/out$version ]; do sleep 0.1; done
                seq $(cat /tmp/out$version) | cmp - /mnt/w$version/log$version && echo whole
                umount /mnt/w$version
            done
            """, deadline: .seconds(180))
        #expect(result == "whole\nwhole\n")
    }

    @Test("with exports of the operator's NFS goes on when the node is retired, and retire says so")
    func retiresBesideOthers() async throws {
        let node = try node()
        let answer = try await node.machine.sh(
            """
            mkdir -p /srv/own && exportfs -i -o rw,no_subtree_check,fsid=9 10.77.0.21:/srv/own
            \(end)
            convert2nfsd retire --config /etc/convert2nfs.yaml
            cut -f 1 /var/lib/nfs/etab; cat /proc/fs/nfsd/threads
            exportfs -u 10.77.0.21:/srv/own
            """, deadline: .seconds(60))
        #expect(
            answer
                == "NFS goes on with what others export here, 1 volumes are unmounted and detached; their data is untouched\n"
                + "/srv/own\n16\n")
        try await node.start()
    }

    @Test("it stays with what is recorded, whatever the machine has")
    func stays() async throws {
        let node = try node()
        try await node.machine.sh(end, deadline: .seconds(30))
        try await node.start()
        #expect(try await node.machine.sh(server) == "kernel\nkernel\n")
    }

    @Test("a kernel that has lost its server is named, and NFS-Ganesha does not take its place")
    func loses() async throws {
        let node = try node()
        let answer = try await node.machine.sh(
            """
            \(end)
            convert2nfsd retire --config /etc/convert2nfs.yaml
            umount /proc/fs/nfsd
            mv "$(find /lib/modules -name nfsd.ko)" /root
            rmmod nfsd
            timeout 30 convert2nfsd run --config /etc/convert2nfs.yaml 2>&1 && echo started || echo "status $?"
            cat /var/lib/convert2nfs/nfs-server
            """, deadline: .seconds(120))
        #expect(answer.contains("this kernel has no NFS server (modprobe nfsd); boot one that has it"), "\(answer)")
        #expect(answer.hasSuffix("status 69\nkernel\n"), "\(answer)")
    }

    @Test("an explicit setting goes before the record, says what it costs, and is recorded")
    func changes() async throws {
        let machine = try machine("s1")
        try await Node(machine: machine, server: "ganesha").start()
        #expect(try await machine.sh(server) == "ganesha\nganesha\n")
        #expect(
            try await machine.sh(
                "grep -c 'served by the kernel.s NFS server and are served by NFS-Ganesha' /var/log/convert2nfs.log")
                == "1\n")
    }
}
