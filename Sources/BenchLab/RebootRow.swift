import BenchReport
import FoundationEssentials
import Lab

/// From the moment the storage machine answers after a power cut until the client has mounted the last of its volumes: by our
/// daemon, and by fstab(5), exports(5) and the NFS server's own programs with the same logical volumes.
struct RebootRow {
    private static let bar = 1.3

    func run(on bench: LabBench) async throws -> Findings {
        let count = bench.isQuick ? 10 : 100
        let last = LabBench.numbered(count)
        try await bench.fill(1...count)
        BenchProgram.say("reboot: with \(count) volumes, ours and by hand in turn")
        try await prepare(count, bench)
        var comparison = Comparison()
        for _ in 0..<bench.runs(3, quick: 1) {
            let bare = try await boot("sh /root/bare", "/srv/\(last)", switching: Self.toBare, bench)
            let ours = try await boot(Self.daemon, LabBench.path(of: last), switching: Self.toOurs, bench)
            comparison.add(ours: ours, bare: bare)
        }
        try await bench.node.waitUntilReady()
        return Findings(rows: [comparison.row("boot until the last of \(count) volumes serves", atMost: Self.bar)])
    }

    private static let daemon = "\(BenchPool.modules); exec convert2nfsd run --config /etc/convert2nfs.yaml"
    /// Our own exports' files are out of the way of the bare tools.
    private static let toBare = "mkdir -p /root/ours; mv /etc/exports.d/* /root/ours; cp /root/exports /etc/exports"
    private static let toOurs = "mv /root/ours/* /etc/exports.d; rm /etc/exports"

    /// Until the client has `path` mounted, in seconds.
    private func boot(
        _ script: String, _ path: String, switching: String, _ bench: LabBench
    ) async throws -> Double {
        try await bench.reboot()
        try await bench.server.sh("\(switching); mkdir -p /run/convert2nfs")
        var timeline = Timeline()
        try await bench.server.sh("( \(script) ) >/var/log/boot.out 2>&1 </dev/null &")
        try await bench.client.sh(
            "until \(LabBench.mount(path, at: "/mnt/last")) 2>/dev/null; do sleep 0.1; done; umount /mnt/last",
            deadline: .seconds(600))
        timeline.finish("boot")
        return timeline.total.seconds
    }

    /// Writes what the bare tools need.
    private func prepare(_ count: Int, _ bench: LabBench) async throws {
        let numbers = 1...count
        let mounts = numbers.map { "/dev/\(BenchPool.group)/bench.m\($0) /srv/m\($0) xfs defaults 0 0" }
        let exports = numbers.map { "/srv/m\($0) \(MachineSpec.c1.address)(\(BareVolume.options(UUID())))" }
        try await bench.client.sh("mkdir -p /mnt/last")
        try await bench.server.write(Array((mounts.joined(separator: "\n") + "\n").utf8), to: "/root/fstab")
        try await bench.server.write(Array((exports.joined(separator: "\n") + "\n").utf8), to: "/root/exports")
        try await bench.server.write(Array(Self.bare.utf8), to: "/root/bare")
        try await bench.server.sh("for number in $(seq \(count)); do mkdir -p /srv/m$number; done")
    }

    private static let bare = """
        set -e
        \(BenchPool.modules)
        vgchange -q --activate y \(BenchPool.group)
        mount --fstab /root/fstab -a
        mount -t nfsd nfsd /proc/fs/nfsd
        mount -t rpc_pipefs rpc_pipefs /run/rpc_pipefs
        rpcbind -w
        rpc.statd
        rpc.mountd
        nfsdcld
        exportfs -ra
        rpc.nfsd

        """
}
