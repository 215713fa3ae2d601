import HostTools
import NodeAPI
import NodeHarness
import StorageCore

/// What 500 volumes cost: the create of one more, memory, and a restart. They share one node.
struct ManyVolumesRows {
    static let measures: Set<Measure> = [.growth, .memory, .restart]
    static let count = 500
    static let size = ByteCount.mebibytes(64)
    /// Around the 10th and up to the 500th: one create alone says little.
    private static let early = 4..<15
    private static let late = 489..<500

    let wanted: Set<Measure>

    func run(on bench: Workbench) async throws -> Findings {
        var options = DaemonNode.Options()
        // The images stay nearly empty; what they promise must not depend on this machine's disk.
        options.overcommit = 100
        var findings = try await bench.withNode("many", options) { running in
            let idle = try await MemoryRow.measure(running)
            Workbench.say("\(Self.count) volumes: creating them")
            let times = try await Self.create(running.node)
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

    private static func create(_ node: DaemonNode) async throws -> [Duration] {
        try await node.session { client in
            var times: [Duration] = []
            for number in 1...count { times.append(try await client.create(VolumeKey("many", "v\(number)"), size)) }
            return times
        }
    }

    /// With what of the growth is in which step; the rest of a create is the journal's.
    private static func growth(_ times: [Duration], _ node: DaemonNode) throws -> Findings {
        let parts = try StepLog(of: node, namespace: Namespace("many")).parts
        let steps = parts.count / count
        let text = { (creates: Range<Int>) in
            parts[creates.lowerBound * steps..<creates.upperBound * steps].medians().text
        }
        return Findings(
            rows: [row(times)], notes: ["in the \(count)th create: \(text(late)); in the 10th: \(text(early))"])
    }

    private static func row(_ times: [Duration]) -> Row {
        let (early, late) = (times[early].median, times[late].median)
        let ratio = late.seconds / early.seconds
        return Row(
            measure: "create of the \(count)th volume, against the 10th", ours: late.text, theirs: early.text,
            ratio: ratio.text(2), bar: "<= 1.30", isMet: ratio <= 1.3)
    }

    /// The same for the bare tools: what of the growth is the kernel's and the tools' own.
    private static func byHand(_ bench: Workbench) async throws -> Findings {
        Workbench.say("\(count) volumes: the same by hand")
        return try await BareNode.with("\(bench.directory)/bare") { bare in
            var times: [Duration] = []
            for number in 1...count { times.append(try await bare.create(number, size).total) }
            let (early, late) = (times[early].median, times[late].median)
            let ratio = (late.seconds / early.seconds).text(2)
            return Findings(notes: [
                "the \(count)th create by hand, against the 10th: \(late.text) to \(early.text), ratio \(ratio)"
            ])
        }
    }
}
