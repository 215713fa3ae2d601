import BenchReport
import FoundationEssentials
import NodeAPI
import NodeHarness
import StorageCore

/// A page of 100 from 10,000 simulated volumes: the slowest hundredth of 1,000 requests over loopback TCP, as a client
/// sees them: with the decoding of the answer.
struct PageRow {
    private static let volumes = 10_000
    private static let limit = 100
    private static let requests = 1000
    private static let bar = Duration.milliseconds(20)

    func run(on bench: Workbench) async throws -> Findings {
        BenchProgram.say("page: creating \(Self.volumes) simulated volumes")
        var options = DaemonNode.Options()
        options.isSimulated = true
        options.logLevel = "warning"
        // Its catalog is thrown away at the end of the daemon, so it need not reach a disk.
        let memory = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : bench.directory
        let name = "c2n-page.\(ProcessInfo.processInfo.processIdentifier)"
        return try await bench.withNode(name, options, below: memory) { running in
            let creating = ContinuousClock.now
            try await Self.fill(running.node)
            let filled = ContinuousClock.now - creating
            BenchProgram.say("page: \(Self.requests) requests")
            let address = try ServerAddress("http://127.0.0.1:\(running.node.apiPort)")
            let times = try await running.node.session(address) { client in try await Self.walk(client) }
            let resident = MemoryRow.text(try running.memory("VmRSS"))
            let p99 = times.percentile(0.99)
            return Findings(
                rows: [
                    Row(
                        measure: "page of \(Self.limit) from \(Self.volumes) volumes, p99", ours: p99.text,
                        bar: "<= \(Self.bar.text)", isMet: p99 <= Self.bar)
                ],
                notes: [
                    "page: median \(times.median.text), longest \(times.percentile(1).text); "
                        + "\(Self.volumes) simulated creates took \(filled.text); memory \(resident)"
                ])
        }
    }

    private static func fill(_ node: DaemonNode) async throws {
        let width = 4
        try await node.session { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for first in 0..<width {
                    group.addTask {
                        for number in stride(from: first, to: volumes, by: width) {
                            _ = try await client.create(VolumeKey("page", "v\(number)"), .gibibytes(1))
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    /// From page to page, and from the last to the first.
    private static func walk(_ client: NodeClient) async throws -> [Duration] {
        var times: [Duration] = []
        var token: String?
        for _ in 0..<requests {
            let start = ContinuousClock.now
            let page = try await client.volumePage(limit: limit, continue: token)
            times.append(ContinuousClock.now - start)
            guard page.volumes.count == limit else {
                throw StorageError(.internal, "a page has \(page.volumes.count) volumes, not \(limit)")
            }
            token = page.continue
        }
        return times
    }
}
