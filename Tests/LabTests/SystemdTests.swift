import FoundationEssentials
import HostTools
import Lab
import Testing

/// The unit that comes with the project, on a machine that starts as an operator's does: systemd, the host's own units of
/// the NFS server enabled, exports of the operator's own.
@Suite("A storage node under systemd", .serialized, .machines(.s1.withSystemd, .c1))
struct SystemdTests {
    static let unit = "\(#filePath)".replacing(
        "Tests/LabTests/SystemdTests.swift", with: "Packaging/systemd/convert2nfsd.service")

    private func node() throws -> Machine { try machine("s1") }
    private func client() throws -> Machine { try machine("c1") }

    /// Waits until systemd has nothing left to start.
    private let settle = "systemctl is-system-running --wait >/dev/null || { systemctl --failed --no-pager; exit 1; }"

    @Test("the unit starts the node beside the host's NFS server, and systemd counts it as started once it is ready")
    func starts() async throws {
        let node = try node()
        try await node.write(
            [UInt8](Data(contentsOf: URL(filePath: Self.unit))), to: "/etc/systemd/system/convert2nfsd.service")
        let states = try await node.sh(
            """
            modprobe -a dm-mod dm-thin-pool dm-snapshot xfs
            vgcreate -q vg-paas /dev/disk/by-id/virtio-data0 >/dev/null
            vgcreate -q vg-thin /dev/disk/by-id/virtio-data1 >/dev/null
            lvcreate -q --yes --type thin-pool -L 1G -n pool vg-thin >/dev/null 2>&1
            vgchange -q --activate n vg-thin >/dev/null
            mkdir -p /etc/convert2nfs /srv/own
            ln -s /opt/convert2nfs/convert2nfsd /usr/local/sbin/convert2nfsd
            cat >/etc/convert2nfs/config.yaml <<'END'
            nfs: {address: 10.77.0.11, server: kernel}
            pools:
              - {name: default, backend: lvm, volumeGroup: vg-paas}
              - {name: thin, backend: lvm, volumeGroup: vg-thin, thinPool: pool, overcommit: 2}
            END
            echo '/srv/own 10.77.0.0/24(ro,sync,no_subtree_check)' >/etc/exports
            \(settle)
            systemctl enable --quiet --now convert2nfsd
            convert2nfs health --ready
            systemctl show --property StatusText convert2nfsd
            convert2nfs volume create shop/data --size 400Mi --client 10.77.0.21 >/dev/null
            readlink /proc/1/ns/mnt /proc/$(systemctl show -P MainPID convert2nfsd)/ns/mnt | uniq | wc -l
            """, deadline: .seconds(180))
        #expect(states == "ok\nStatusText=volumes are mounted and exported\n1\n")
        // The host's mountd and statd were started before their ports were configured.
        let ports = try await client().sh("rpcinfo -p s1")
        for port in [2049, 20048, 20049, 20050] { #expect(ports.contains(" \(port) "), "\(port): \(ports)") }
    }

    @Test("what the unit may do is enough for volumes, snapshots and copies in a thin pool that was not active")
    func thin() async throws {
        let said = try await node().sh(
            """
            exec 2>&1
            convert2nfs volume create shop/thin --pool thin --size 304Mi
            echo monday >/nfs/shopthin/file
            convert2nfs snapshot create shop/thin@monday
            echo tuesday >/nfs/shopthin/file
            convert2nfs volume create shop/old --from-snapshot shop/thin@monday
            convert2nfs volume create shop/copy --from-volume shop/thin
            convert2nfs volume resize shop/thin 400Mi
            echo "# $(cat /nfs/shopold/file /nfs/shopcopy/file | xargs) $(df --output=size -m /nfs/shopthin | tail -n 1)"
            convert2nfs snapshot delete shop/thin@monday
            for name in thin old copy; do convert2nfs volume delete shop/$name; done
            echo "# $(lvs --noheadings -o lv_name vg-thin | xargs)"
            """, deadline: .seconds(120))
        let seen = said.split(separator: "\n").filter { $0.hasPrefix("# ") }
        #expect(seen.last == "# pool", "\(said)")
        let words = try #require(seen.first).split(separator: " ")
        #expect(
            words.prefix(3) == ["#", "monday", "tuesday"] && (words.last.flatMap { Int($0) } ?? 0) > 300, "\(said)")
    }

    @Test("the daemon's end, by itself, by kill and by systemctl, is not felt by clients, and it comes back")
    func restarts() async throws {
        let node = try node()
        try await begin()
        let helpers = try await node.sh("pidof rpc.mountd rpc.statd nfsdcld")
        for end in ["systemctl restart convert2nfsd", "kill -9 $(systemctl show -P MainPID convert2nfsd)"] {
            try await node.sh(
                """
                before=$(systemctl show -P MainPID convert2nfsd)
                \(end)
                until [ "$(systemctl show -P MainPID convert2nfsd)" != "$before" ] && convert2nfs health --ready >/dev/null 2>&1
                do sleep 0.2; done
                """, deadline: .seconds(90))
            try await progress(by: 3)
        }
        #expect(try await node.sh("pidof rpc.mountd rpc.statd nfsdcld") == helpers)
        // Another mountd takes the registration of ours away.
        try await node.sh("systemctl restart nfs-server || true", deadline: .seconds(60))
        try await client().sh(
            "until rpcinfo -t s1 mountd 3 >/dev/null 2>&1 && rpcinfo -p s1 | grep -q ' 20048 '; do sleep 0.2; done",
            deadline: .seconds(60))
        try await progress(by: 3)
    }

    @Test("a reboot: unmounted in order, exports before the host's NFS server, and clients go on without an error")
    func reboots() async throws {
        let node = try node()
        // The machine may be off before the answer has come.
        _ = try? await node.sh("systemctl reboot", deadline: .seconds(10))
        try await node.waitUntilOff(deadline: .seconds(120))
        try await node.start()
        try await node.waitUntilReady()
        try await progress(by: 10, within: .seconds(180))
        #expect(try await end() == "")
        let order = try await node.sh(
            """
            \(settle)
            ready=$(systemctl show -P ActiveEnterTimestampMonotonic convert2nfsd)
            threads=$(systemctl show -P ExecMainStartTimestampMonotonic nfs-server)
            [ "$ready" -le "$threads" ] && echo "after us"
            dmesg | grep -o 'XFS (dm-.*): Ending .*' | sed 's/dm-[0-9]*/dm/'
            grep -c ^/srv/own /var/lib/nfs/etab
            """, deadline: .seconds(120))
        #expect(order == "after us\nXFS (dm): Ending clean mount\n1\n")
    }

    @Test("a volume is deleted, and the host's NFS server stays up")
    func deletes() async throws {
        try await client().sh("umount /mnt/a /mnt/b", deadline: .seconds(60))
        let left = try await node().sh(
            """
            convert2nfs volume delete shop/data >/dev/null
            systemctl is-active nfs-server convert2nfsd
            ls /nfs /etc/exports.d; lvs --noheadings vg-paas; systemctl list-units --failed --plain --no-legend
            """, deadline: .seconds(60))
        #expect(left == "active\nactive\n/etc/exports.d:\n\n/nfs:\n")
    }

    @Test("a configuration that is wrong is said once, and not tried again")
    func misconfigured() async throws {
        let said = try await node().sh(
            """
            echo 'nfs: {prot: 1}' >/etc/convert2nfs/config.yaml
            if systemctl restart convert2nfsd 2>/dev/null; then echo started; fi
            systemctl show -P NRestarts -P ExecMainStatus convert2nfsd
            journalctl -u convert2nfsd --no-pager -o cat | grep -c 'unknown key'
            """, deadline: .seconds(60))
        #expect(said == "0\n78\n1\n")
    }

    // MARK: A client that writes

    /// Two mounts to which records are appended and synced, one after the other; each is noted once it is.
    private func begin() async throws {
        try await client().sh(
            """
            for version in 3 4.1; do
                path=/mnt/a; [ $version = 3 ] || path=/mnt/b
                mkdir -p $path
                mount -t nfs -o nfsvers=$version,proto=tcp,hard,nosharecache s1:/nfs/shopdata $path
                ( i=0; while [ ! -e /tmp/stop ]; do
                    echo $i | dd of=$path/record${path#/mnt/} oflag=append conv=notrunc,fsync status=none || echo failed
                    echo $i >>/tmp/synced${path#/mnt/}
                    i=$((i + 1))
                done; echo ended >/tmp/ended${path#/mnt/} ) >$path.errors 2>&1 </dev/null &
            done
            """, deadline: .seconds(60))
        try await progress(by: 3)
    }

    /// Waits until each of the two has synced so many records more.
    private func progress(by count: Int, within deadline: Duration = .seconds(90)) async throws {
        try await client().sh(
            """
            touch /tmp/synceda /tmp/syncedb
            a=$(wc -l </tmp/synceda); b=$(wc -l </tmp/syncedb)
            until [ $(wc -l </tmp/synceda) -ge $((a + \(count))) ] && [ $(wc -l </tmp/syncedb) -ge $((b + \(count))) ]
            do sleep 0.2; done
            """, deadline: deadline)
    }

    /// What went wrong: errors that were seen, and records that were synced and are not there.
    private func end() async throws -> String {
        try await client().sh(
            """
            touch /tmp/stop
            until [ -e /tmp/endeda ] && [ -e /tmp/endedb ]; do sleep 0.1; done
            cat /mnt/a.errors /mnt/b.errors
            for name in a b; do
                sort -u /mnt/$name/record$name >/tmp/found; sort -u /tmp/synced$name >/tmp/wanted
                comm -13 /tmp/found /tmp/wanted
            done
            """, deadline: .seconds(90))
    }
}
