import BenchReport
import Lab
import NodeHarness

/// A machine that stores and the one that mounts: ours and the bare tools share them, the pool and the NFS server.
struct LabBench: Sendable {
    let node: Node
    let client: Machine
    let pool: BenchPool
    let isQuick: Bool

    var server: Machine { node.machine }

    /// Of the volumes that only are there.
    static let mebibytes = 304

    /// Runs `body` with all machines up and a daemon ready on each of `storages`, which have so many processors. Nothing of them is left,
    /// whatever happens.
    static func with(
        isQuick: Bool, storages: [MachineSpec] = [.s1], processors: Int, pool: BenchPool = .lvm,
        _ body: @Sendable ([LabBench]) async throws -> Findings
    ) async throws -> Findings {
        try await BenchMachines.with(storages, processors: processors, hasCeph: pool.hasCeph) { lab in
            var benches: [LabBench] = []
            for spec in storages { benches.append(try await begin(lab, spec.name, pool, isQuick: isQuick)) }
            return try await body(benches)
        }
    }

    private static func begin(
        _ lab: Lab, _ name: String, _ pool: BenchPool, isQuick: Bool
    ) async throws -> LabBench {
        let node = Node(
            machine: try lab.machine(name), server: "kernel", pools: "pools: [{name: default, \(pool.configuration)}]")
        try await node.machine.sh(pool.preparation)
        try await node.start()
        return LabBench(node: node, client: try lab.machine("c1"), pool: pool, isQuick: isQuick)
    }

    /// So many runs, or in a hurry so few.
    func runs(_ full: Int, quick: Int) -> Int { isQuick ? quick : full }

    /// Asks the API for a volume. By hand one would not wait for the command line to be loaded either.
    static func creation(of name: String, mebibytes: Int, from origin: String? = nil) -> String {
        let source = origin.map { #""source":{"volume":{"namespace":"bench","name":"\#($0)"}},"# } ?? ""
        return """
            post() {
                busybox wget -q -O /tmp/answer --header 'Content-Type: application/json' --post-data '{"namespace":"bench",\
            "name":"\(name)","size":"\(mebibytes)Mi",\(source)"clients":[{"address":"\(MachineSpec.c1.address)","access":"rw"}]}' \
            http://127.0.0.1:8080/v1/volumes
            }
            post
            # What takes long answers with its operation; who asks again waits for that.
            while grep -q startedAt /tmp/answer; do post; done
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

    /// Runs what makes a volume, until the client has it mounted.
    func create(_ script: String, _ path: String) async throws -> Timeline {
        var timeline = Timeline()
        try await server.sh(script)
        timeline.finish("create")
        try await client.sh("mkdir -p /mnt/bench; \(Self.mount(path, at: "/mnt/bench"))")
        timeline.finish("mount")
        try await client.sh("umount /mnt/bench")
        return timeline
    }

    /// Power off and on again. What was synced is there; nothing of ours has started.
    func reboot() async throws {
        try await server.sh("sync", deadline: .seconds(300))
        try await server.cutPower()
        try await server.start()
        try await server.waitUntilReady()
    }
}
