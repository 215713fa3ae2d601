import BenchReport
import FoundationEssentials
import HostTools
import NFSClient
import NodeAPI
import NodeHarness
import StorageCore

/// Create 1 GiB ext4 until an NFS client can mount, against the same bare tools run by hand, in turn.
struct CreateRow {
    private static let size = ByteCount.gibibytes(1)
    private static let bar = 1.25
    private static let namespace = "create"

    func run(on bench: Workbench) async throws -> Findings {
        BenchProgram.say("create: 1 GiB ext4, ours and by hand in turn")
        let runs = bench.runs(25, quick: 5)
        return try await BareNode.with("\(bench.directory)/bare") { bare in
            try await bench.withNode("create", .init()) { running in
                let node = running.node
                let (ours, theirs) = try await node.session { client in
                    try await Self.measure(runs, node, client, bare)
                }
                return try Self.findings(ours, theirs, node)
            }
        }
    }

    /// The first run of each only warms up.
    private static func measure(
        _ runs: Int, _ node: DaemonNode, _ client: NodeClient, _ bare: BareNode
    ) async throws -> (ours: [Timeline], theirs: [Timeline]) {
        var ours: [Timeline] = []
        var theirs: [Timeline] = []
        for number in 0...runs {
            let namespace = number == 0 ? "warm" : namespace
            let mine = try await create(VolumeKey(namespace, "volume-\(number)"), node, client)
            let other = try await create(number + 1, bare)
            if number > 0 {
                ours.append(mine)
                theirs.append(other)
            }
        }
        return (ours, theirs)
    }

    private static func create(_ key: VolumeKey, _ node: DaemonNode, _ client: NodeClient) async throws -> Timeline {
        var timeline = Timeline()
        _ = try await client.create(key, size)
        timeline.finish("the call")
        try await mount(node.target(key), &timeline)
        try await client.deleteVolume(key)
        return timeline
    }

    private static func create(_ number: Int, _ bare: BareNode) async throws -> Timeline {
        var timeline = try await bare.create(number, size)
        try await mount(bare.target(number), &timeline)
        try await bare.delete(number)
        return timeline
    }

    private static func mount(_ target: NFSConnection.Target, _ timeline: inout Timeline) async throws {
        let connection = NFSConnection(target)
        try await connection.mount()
        timeline.finish("NFS mount")
        await connection.close()
    }

    private static func findings(_ ours: [Timeline], _ theirs: [Timeline], _ node: DaemonNode) throws -> Findings {
        let (mine, other) = (ours.map(\.total).median, theirs.map(\.total).median)
        let ratio = mine.seconds / other.seconds
        let steps = try StepLog(String(contentsOfFile: node.logFile, encoding: .utf8), namespace: namespace).parts
            .medians()
        let parts = ours.flatMap(\.parts).medians()
        return Findings(
            rows: [
                Row(
                    measure: "create 1 GiB ext4 until mountable", ours: mine.text, theirs: other.text,
                    ratio: ratio.text(2), bar: "<= \(bar.text(2))", isMet: ratio <= bar)
            ],
            notes: [
                "create, ours (\(ours.count) runs): \(parts.text); in the call: \(steps.text)",
                "create, by hand: \(theirs.flatMap(\.parts).medians().text)",
            ])
    }
}
