import BenchReport
import Lab
import NodeHarness

/// A machine that stores and the one that mounts: ours and the bare tools share them, the volume group and the NFS server.
struct LabBench: Sendable {
    let node: Node
    let client: Machine
    let isQuick: Bool

    var server: Machine { node.machine }

    static let group = "vg"
    static let modules = "modprobe -a dm-mod xfs nfsd lockd"

    /// Of the volumes that only are there.
    static let mebibytes = 304

    /// Runs `body` with all machines up and a daemon ready on each of `storages`, which have so many processors. Nothing of them is left,
    /// whatever happens.
    static func with(
        isQuick: Bool, storages: [MachineSpec] = [.s1], processors: Int,
        _ body: @Sendable ([LabBench]) async throws -> Findings
    ) async throws -> Findings {
        try await BenchMachines.with(storages, processors: processors) { lab in
            var benches: [LabBench] = []
            for spec in storages { benches.append(try await begin(lab, spec.name, isQuick: isQuick)) }
            return try await body(benches)
        }
    }

    private static func begin(_ lab: Lab, _ name: String, isQuick: Bool) async throws -> LabBench {
        let node = Node(
            machine: try lab.machine(name), server: "kernel",
            pools: "pools: [{name: default, backend: lvm, volumeGroup: \(group)}]")
        try await node.machine.sh("\(modules); vgcreate -q \(group) /dev/disk/by-id/virtio-data0")
        try await node.start()
        return LabBench(node: node, client: try lab.machine("c1"), isQuick: isQuick)
    }

    /// So many runs, or in a hurry so few.
    func runs(_ full: Int, quick: Int) -> Int { isQuick ? quick : full }

    /// Asks the API for a volume. By hand one would not wait for the command line to be loaded either.
    static func creation(of name: String, mebibytes: Int) -> String {
        """
        busybox wget -q -O /dev/null --header 'Content-Type: application/json' --post-data '{"namespace":"bench",\
        "name":"\(name)","size":"\(mebibytes)Mi","clients":[{"address":"\(MachineSpec.c1.address)","access":"rw"}]}' \
        http://127.0.0.1:8080/v1/volumes
        """
    }

    static func numbered(_ number: Int) -> String { "m\(number)" }

    /// Makes the volumes with these numbers.
    func fill(_ numbers: ClosedRange<Int>) async throws {
        for start in stride(from: numbers.lowerBound, through: numbers.upperBound, by: 10) {
            let end = min(numbers.upperBound, start + 9)
            BenchProgram.say("\(server.spec.name): creating volumes up to number \(end)")
            let creations = (start...end).map { Self.creation(of: Self.numbered($0), mebibytes: Self.mebibytes) }
            try await server.sh(creations.joined(separator: "\n"), deadline: .seconds(300))
        }
    }

    static func path(of name: String) -> String { "/nfs/bench\(name)" }

    /// Mounts what s1 exports as `path`; fails at once if it does not.
    static func mount(_ path: String, at point: String) -> String {
        "mount -t nfs -o nfsvers=3,proto=tcp,hard,nosharecache,retry=0 s1:\(path) \(point)"
    }

    /// Power off and on again. What was synced is there; nothing of ours has started.
    func reboot() async throws {
        try await server.sh("sync", deadline: .seconds(300))
        try await server.cutPower()
        try await server.start()
        try await server.waitUntilReady()
    }
}
