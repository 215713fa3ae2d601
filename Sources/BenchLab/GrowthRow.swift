import BenchReport

/// The 300th create against the 10th: two machines alike but for the volumes they have already make one in turn, so that what the
/// host does meanwhile is not taken for the volumes'.
struct GrowthRow {
    private static let bar = 1.3

    func run(few: LabBench, many: LabBench) async throws -> Findings {
        let (early, late) = few.isQuick ? (5, 30) : (10, 300)
        try await few.fill(1...early - 1)
        try await many.fill(1...late - 1)
        BenchProgram.say("growth: create number \(early) and number \(late) in turn")
        var comparison = Comparison()
        for _ in 0..<few.runs(20, quick: 2) {
            let first = try await create(early, few)
            comparison.add(ours: try await create(late, many), bare: first)
        }
        return Findings(
            rows: [comparison.row("create number \(late) against number \(early)", atMost: Self.bar)],
            notes: [
                "create number \(early): \(try await steps(early, few))",
                "create number \(late): \(try await steps(late, many))",
                "create number \(late) against number \(early): \(comparison.precision)",
            ])
    }

    /// In seconds. It is gone again then, and the next one has the same number.
    private func create(_ number: Int, _ bench: LabBench) async throws -> Double {
        let name = LabBench.numbered(number)
        var timeline = Timeline()
        try await bench.server.sh(LabBench.creation(of: name, mebibytes: LabBench.mebibytes))
        timeline.finish("create")
        try await bench.node.convert2nfs("volume delete bench/\(name)")
        return timeline.total.seconds
    }

    /// The medians of the creates' steps, as the daemon's log has them.
    private func steps(_ number: Int, _ bench: LabBench) async throws -> String {
        let lines = try await bench.server.sh(
            "grep 'volume.create:.*volume=bench/\(LabBench.numbered(number))\\b' /var/log/convert2nfs.log")
        return StepLog(lines, namespace: "bench").parts.medians().text
    }
}
