import BenchReport
import FoundationEssentials
import HostTools
import NodeAPI
import NodeHarness
import StorageCore

/// What 500 volumes cost: the create of one more, memory, and a restart. They share one node.
struct ManyVolumesRows {
    static let measures: Set<Measure> = [.growth, .memory, .restart]
    static let count = 500
    static let size = ByteCount.mebibytes(64)
    /// The creates that are compared, and in which namespace they are.
    private static let early = (number: 10, namespace: "early")
    private static let late = (number: count, namespace: "late")

    let wanted: Set<Measure>

    func run(on bench: Workbench) async throws -> Findings {
        var options = DaemonNode.Options()
        // The images stay nearly empty; what they promise must not depend on this machine's disk.
        options.overcommit = 100
        var findings = try await bench.withNode("many", options) { running in
            let idle = try await MemoryRow.measure(running)
            BenchProgram.say("\(Self.count) volumes: creating them")
            let times = try await Self.create(running.node, rounds: bench.runs(25, quick: 5))
            let loaded = try await MemoryRow.measure(running)
            var findings = Findings()
            if wanted.contains(.growth) { findings += try Self.growth(times, running.node) }
            if wanted.contains(.memory) { findings += MemoryRow.findings(idle: idle, loaded: loaded) }
            if wanted.contains(.restart) { findings += try await RestartRow(running).run(on: bench) }
            return findings
        }
        if wanted.contains(.growth) && !bench.isQuick { findings += try await Self.byHand(bench) }
        return findings
    }

    /// How long the creates of the two volumes took, each made and deleted again so many times, and then left.
    private static func create(
        _ node: DaemonNode, rounds: Int
    ) async throws -> (early: [Duration], late: [Duration]) {
        try await node.session { client in
            for number in 1..<early.number { _ = try await client.create(VolumeKey("many", "v\(number)"), size) }
            let first = try await measure(rounds, early.namespace, client)
            for number in early.number + 1..<late.number {
                _ = try await client.create(VolumeKey("many", "v\(number)"), size)
            }
            return (first, try await measure(rounds, late.namespace, client))
        }
    }

    private static func measure(
        _ rounds: Int, _ namespace: String, _ client: NodeClient
    ) async throws -> [Duration] {
        var times: [Duration] = []
        for round in 1...rounds {
            let key = try VolumeKey(namespace, "v\(round)")
            times.append(try await client.create(key, size))
            if round < rounds { try await client.deleteVolume(key) }
        }
        return times
    }

    /// With what of the growth is in which step; the rest of a create is the journal's.
    private static func growth(
        _ times: (early: [Duration], late: [Duration]), _ node: DaemonNode
    ) throws -> Findings {
        let steps = try [late, early].map { which in
            let parts = try StepLog(String(contentsOfFile: node.logFile, encoding: .utf8), namespace: which.namespace)
                .parts
            return "in the \(which.number)th create: \(parts.medians().text)"
        }
        return Findings(rows: [row(times.early.median, times.late.median)], notes: [steps.joined(separator: "; ")])
    }

    private static func row(_ early: Duration, _ late: Duration) -> Row {
        let ratio = late.seconds / early.seconds
        return Row(
            measure: "create of the \(Self.late.number)th volume, against the \(Self.early.number)th", ours: late.text,
            theirs: early.text, ratio: ratio.text(2), bar: "<= 1.30", isMet: ratio <= 1.3)
    }

    /// The same for the bare tools: what of the growth is the kernel's and the tools' own.
    private static func byHand(_ bench: Workbench) async throws -> Findings {
        BenchProgram.say("\(count) volumes: the same by hand")
        return try await BareNode.with("\(bench.directory)/bare") { bare in
            let rounds = bench.runs(25, quick: 5)
            for number in 1..<early.number { _ = try await bare.create(number, size) }
            let first = try await measure(rounds, early.number, bare)
            for number in early.number + 1..<late.number { _ = try await bare.create(number, size) }
            let last = try await measure(rounds, late.number, bare)
            return Findings(notes: [
                "the \(late.number)th create by hand, against the \(early.number)th: \(last.text) to \(first.text), "
                    + "ratio \((last.seconds / first.seconds).text(2))"
            ])
        }
    }

    private static func measure(_ rounds: Int, _ number: Int, _ bare: BareNode) async throws -> Duration {
        var times: [Duration] = []
        for round in 1...rounds {
            times.append(try await bare.create(number, size).total)
            if round < rounds { try await bare.delete(number) }
        }
        return times.median
    }
}
