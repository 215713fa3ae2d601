import BenchReport
import NodeAPI
import NodeHarness
import StorageCore

/// Eight creates at once against eight one after the other, in turn.
struct ConcurrentRow {
    private static let count = 8
    private static let size = ByteCount.gibibytes(1)
    private static let bar = 1.3

    func run(on bench: Workbench) async throws -> Findings {
        BenchProgram.say("concurrent: \(Self.count) creates at once and one after the other, in turn")
        let runs = bench.runs(9, quick: 3)
        return try await bench.withNode("concurrent", .init()) { running in
            let (atOnce, inTurn) = try await running.node.session { client in
                var atOnce: [Duration] = []
                var inTurn: [Duration] = []
                for run in 0...runs {
                    let mine = try await Self.measure("once\(run)", client, Self.createAtOnce)
                    let other = try await Self.measure("turn\(run)", client, Self.createInTurn)
                    // The first run only warms up.
                    if run > 0 {
                        atOnce.append(mine)
                        inTurn.append(other)
                    }
                }
                return (atOnce, inTurn)
            }
            return Findings(rows: [Self.row(atOnce.median, inTurn.median)])
        }
    }

    private static func row(_ atOnce: Duration, _ inTurn: Duration) -> Row {
        let rates = [atOnce, inTurn].map { Double(count) / $0.seconds }
        let ratio = rates[0] / rates[1]
        return Row(
            measure: "\(count) creates at once, against in turn", ours: "\(rates[0].text(1))/s",
            theirs: "\(rates[1].text(1))/s", ratio: ratio.text(2), bar: ">= \(bar.text(2))", isMet: ratio >= bar)
    }

    /// How long `create` takes for volumes that are deleted again after it.
    private static func measure(
        _ namespace: String, _ client: NodeClient,
        _ create: @Sendable ([VolumeKey], NodeClient) async throws -> Void
    ) async throws -> Duration {
        let keys = try (1...count).map { number in try VolumeKey(namespace, "volume-\(number)") }
        let start = ContinuousClock.now
        try await create(keys, client)
        let duration = ContinuousClock.now - start
        for key in keys { try await client.deleteVolume(key) }
        return duration
    }

    @Sendable
    private static func createAtOnce(_ keys: [VolumeKey], _ client: NodeClient) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for key in keys { group.addTask { _ = try await client.create(key, size) } }
            try await group.waitForAll()
        }
    }

    @Sendable
    private static func createInTurn(_ keys: [VolumeKey], _ client: NodeClient) async throws {
        for key in keys { _ = try await client.create(key, size) }
    }
}
