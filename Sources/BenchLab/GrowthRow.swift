import BenchReport

/// What becomes slower with the number of volumes: the 300th create against the 10th, and a boot with 100 of them.
struct ManyVolumesRows {
    static let measures: Set<Measure> = [.growth, .reboot]
    let wanted: Set<Measure>

    private static let bar = 1.3
    private static let mebibytes = 304
    private static let runs = 9

    func run(on bench: LabBench) async throws -> Findings {
        let (early, boot, late) = bench.isQuick ? (5, 10, 30) : (10, 100, 300)
        var findings = Findings()
        var count = 0
        let first = try await create(around: early, &count, bench)
        try await fill(to: boot, &count, bench)
        if wanted.contains(.reboot) { findings += try await RebootRow(count: boot).run(on: bench) }
        guard wanted.contains(.growth) else { return findings }
        let last = try await create(around: late, &count, bench)
        let ratio = last.duration.seconds / first.duration.seconds
        findings.rows.append(
            Row(
                measure: "create number \(late) against number \(early)", ours: last.duration.text,
                theirs: first.duration.text,
                ratio: ratio.text(2), bar: "<= \(Self.bar.text(2))", isMet: ratio <= Self.bar))
        findings.notes += ["create number \(early): \(first.steps)", "create number \(late): \(last.steps)"]
        return findings
    }

    /// The median of some creates, and of their steps as the daemon's log has them.
    private func create(
        around number: Int, _ count: inout Int, _ bench: LabBench
    ) async throws -> (duration: Duration, steps: String) {
        try await fill(to: number - Self.runs / 2 - 1, &count, bench)
        let log = "/var/log/convert2nfs.log"
        let before = try await bench.server.sh("wc -l <\(log)").filter(\.isNumber)
        var durations: [Duration] = []
        for _ in 0..<Self.runs {
            count += 1
            var timeline = Timeline()
            try await bench.server.sh(LabBench.creation(of: "m\(count)", mebibytes: Self.mebibytes))
            timeline.finish("create")
            durations.append(timeline.total)
        }
        let lines = try await bench.server.sh("tail -n +$((\(before) + 1)) \(log) | grep volume.create:")
        return (durations.median, StepLog(lines, namespace: "bench").parts.medians().text)
    }

    private func fill(to number: Int, _ count: inout Int, _ bench: LabBench) async throws {
        while count < number {
            let end = min(number, count + 10)
            BenchProgram.say("creating volumes up to number \(end)")
            let names = (count + 1...end).map { "m\($0)" }
            try await bench.server.sh(
                names.map { LabBench.creation(of: $0, mebibytes: Self.mebibytes) }.joined(separator: "\n"),
                deadline: .seconds(300))
            count = end
        }
    }
}
