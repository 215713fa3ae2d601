import HostTools
import Lab
import TestSupport
import Testing

/// What the daemon needs of its host hangs, dies or is full. A client has one volume mounted all the time.
@Suite("A host that breaks in part", .serialized, .machines(.s1, .c1))
struct BrokenHostTests {
    private func node() throws -> Node {
        Node(
            machine: try machine("s1"), server: "kernel",
            pools: "pools: [{name: default, backend: lvm, volumeGroup: vg-paas}]",
            toolDirectory: FaultyTools.directory)
    }

    @Test("a node with a client begins")
    func begins() async throws {
        let node = try node()
        try await node.machine.sh(
            "modprobe -a dm-mod dm-snapshot xfs; vgcreate -q vg-paas /dev/disk/by-id/virtio-data0",
            deadline: .seconds(60))
        try await FaultyTools(machine: node.machine).install()
        try await node.start()
        try await node.convert2nfs("volume create shop/a --size 304Mi --client 10.77.0.21")
        try await machine("c1").sh(
            "mkdir -p /mnt/a; mount -t nfs -o nfsvers=3,proto=tcp,hard s1:/nfs/shopa /mnt/a", deadline: .seconds(60))
        try await requireService(node)
    }

    @Test(
        "a tool that hangs is killed and the create fails; all else is listed and served, and it succeeds once the tool works",
        arguments: ["lvm lvcreate", "exportfs"])
    func hangs(_ tool: String) async throws {
        let node = try node()
        let tools = FaultyTools(machine: node.machine)
        try await tools.set(.hang(tool))
        try await node.machine.sh(
            """
            rm -f /tmp/answered
            wc -l </var/log/convert2nfs.log >/tmp/logged
            ( convert2nfs volume create shop/b --size 304Mi --client 10.77.0.21 || true; touch /tmp/answered ) \\
                >/tmp/answer 2>&1 </dev/null &
            until \(Self.hangs); do sleep 0.1; done
            """)
        try await requireService(node)
        #expect(try await node.convert2nfs("volume list -o name") == "shop/a\nshop/b\n")
        // While exportfs hangs the create cannot be undone either, and its caller waits for that.
        try await node.machine.sh(
            """
            until [ -e /tmp/answered ] || tail -n +$(($(cat /tmp/logged) + 1)) /var/log/convert2nfs.log | grep -q 'was left unfinished'
            do sleep 0.2; done
            """, deadline: .seconds(300))
        try await requireService(node)
        try await tools.set(.none)
        try await node.machine.sh("until [ -e /tmp/answered ]; do sleep 0.2; done", deadline: .seconds(120))
        let answer = try await node.machine.sh("cat /tmp/answer")
        #expect(answer.contains("\(tool.prefix { $0 != " " }) did not end within"), "\(answer)")
        try await eventually(within: .seconds(90), every: .milliseconds(500), "what was begun is taken back") {
            try await node.convert2nfs("volume list -o name") == "shop/a\n"
        }
        #expect(try await node.machine.sh("\(Self.hangs) && echo yes || true").isEmpty)
        try await node.convert2nfs("volume create shop/b --size 304Mi --client 10.77.0.21")
        try await node.convert2nfs("volume delete shop/b")
        let survey = try await NodeSurvey(of: node, SurveyedGroup(name: "vg-paas"), origin: nil)
        #expect(survey.faults() == [])
    }

    @Test("rpc.mountd that is killed is back within seconds, and clients mount again")
    func mountd() async throws {
        let node = try node()
        try await node.machine.sh(
            """
            old=$(pidof rpc.mountd); kill -9 $old
            until new=$(pidof rpc.mountd) && [ "$new" != "$old" ]; do sleep 0.1; done
            """, deadline: .seconds(30))
        try await machine("c1").sh(
            """
            mkdir -p /mnt/again
            until mount -t nfs -o nfsvers=3,proto=tcp,hard,nosharecache s1:/nfs/shopa /mnt/again; do sleep 0.5; done
            umount /mnt/again
            """, deadline: .seconds(30))
        try await requireService(node)
    }

    @Test(
        "rpc.statd or rpcbind that is killed is back within seconds with all that was registered, and a client mounts and locks",
        arguments: [
            "kill -9 $(pidof rpc.statd)", "kill -9 $(pidof rpcbind)", "kill -9 $(pidof rpcbind); rpcbind -w",
            "kill -9 $(pidof rpcbind) $(pidof rpc.statd) $(pidof rpc.mountd)",
        ])
    func helpers(_ kill: String) async throws {
        let node = try node()
        let daemon = try await node.machine.sh("pidof convert2nfsd")
        try await node.machine.sh(
            """
            rpcinfo -p | sort >/tmp/registered
            \(kill)
            until pidof rpc.statd >/dev/null && rpcinfo -p 2>/dev/null | sort | cmp -s - /tmp/registered; do sleep 0.2; done
            """, deadline: .seconds(60))
        try await requireNewMountAndLock()
        try await requireService(node)
        #expect(try await node.machine.sh("pidof convert2nfsd") == daemon)
    }

    @Test("nfsd that is restarted by hand with other settings gets those it is to have, once a minute at most")
    func settings() async throws {
        let node = try node()
        // The daemon holds still meanwhile: it would start the server between the two.
        let spoil = """
            daemon=$(pidof convert2nfsd); kill -STOP $daemon
            rpc.nfsd 0; rpc.nfsd -N 4.1 -N 4.2
            kill -CONT $daemon
            """
        let versions = "cat /proc/fs/nfsd/versions"
        try await node.machine.sh(
            "\(spoil)\nuntil \(versions) | grep -qF '+4.1 +4.2'; do sleep 0.2; done", deadline: .seconds(60))
        try await requireService(node)
        try await node.machine.sh(
            "\(spoil)\n\(Self.looks)\n\(versions) | grep -qF -- -4.1", deadline: .seconds(60))
        try await requireService(node)
        try await node.machine.sh("until \(versions) | grep -qF '+4.1 +4.2'; do sleep 1; done", deadline: .seconds(90))
        try await requireService(node)
    }

    @Test("settings that another file overrules are said once, and nfsd is not restarted for them again and again")
    func overruled() async throws {
        let node = try node()
        try await node.machine.sh(
            """
            kill $(pidof convert2nfsd); while pidof convert2nfsd >/dev/null; do sleep 0.1; done
            rpc.nfsd 0
            printf '[nfsd]\\nvers4.2=n\\n' >/etc/nfs.conf.d/zz.conf
            wc -l </var/log/convert2nfs.log >/tmp/logged
            """, deadline: .seconds(30))
        try await node.start()
        try await requireService(node)
        let said = try await node.machine.sh(
            """
            \(Self.looks)
            cat /proc/fs/nfsd/versions
            tail -n +$(($(cat /tmp/logged) + 1)) /var/log/convert2nfs.log >/tmp/new
            grep -c 'does not show the settings' /tmp/new; grep -c 'is restarted' /tmp/new || true
            rm /etc/nfs.conf.d/zz.conf; rpc.nfsd 0
            until grep -qF '+4.1 +4.2' /proc/fs/nfsd/versions; do sleep 0.2; done
            """, deadline: .seconds(60))
        #expect(said == "+3 +4 -4.0 +4.1 -4.2\n1\n0\n")
        try await requireService(node)
    }

    private func requireNewMountAndLock() async throws {
        try await machine("c1").sh(
            """
            mkdir -p /mnt/again
            until mount -t nfs -o nfsvers=3,proto=tcp,hard,nosharecache s1:/nfs/shopa /mnt/again; do sleep 0.5; done
            flock -w 60 -x /mnt/again/locked true
            umount /mnt/again
            """, deadline: .seconds(90))
    }

    @Test("a change that cannot be written to /etc/exports.d is refused with the reason, and succeeds once it can be")
    func exportsDirectory() async throws {
        let node = try node()
        try await node.machine.sh(
            """
            cp -a /etc/exports.d /run/exports
            mount -t tmpfs -o size=64k tmpfs /etc/exports.d
            cp -a /run/exports/. /etc/exports.d
            dd if=/dev/zero of=/etc/exports.d/filler bs=4k status=none 2>/dev/null || true
            """)
        for (state, reason) in [("rw", "No space left"), ("ro", "Read-only")] {
            try await node.machine.sh("mount -o remount,\(state) /etc/exports.d")
            for change in ["create shop/b --size 304Mi --client 10.77.0.21", "clients shop/a --add 10.77.0.99"] {
                let answer = try await node.machine.sh(
                    "convert2nfs volume \(change) 2>&1 && echo succeeded || true", deadline: .seconds(90))
                #expect(answer.contains("/etc/exports.d") && answer.contains(reason), "\(change): \(answer)")
            }
            try await requireService(node)
        }
        try await node.machine.sh("umount /etc/exports.d")
        try await node.convert2nfs("volume create shop/b --size 304Mi --client 10.77.0.21")
        try await node.convert2nfs("volume clients shop/a --add 10.77.0.99")
        try await requireService(node)
        let survey = try await NodeSurvey(of: node, SurveyedGroup(name: "vg-paas"), origin: nil)
        #expect(survey.faults() == [])
    }

    /// The one volume is listed as healthy, and its client writes to it.
    private func requireService(_ node: Node) async throws {
        try await machine("c1").sh("date >/mnt/a/now; sync -f /mnt/a", deadline: .seconds(20))
        #expect(try await node.convert2nfs("volume show shop/a").contains("ready"))
    }

    /// Waits for a look of the daemon at the server that begins after this: it is over when the second program that was killed is back.
    private static let looks = """
        for look in 1 2; do
            old=$(pidof nfsdcld); kill -9 $old
            until new=$(pidof nfsdcld) && [ "$new" != "$old" ]; do sleep 0.1; done
        done
        """

    /// Whether a tool hangs.
    private static let hangs = "pgrep -f '^sleep 10000[0]' >/dev/null"
}
