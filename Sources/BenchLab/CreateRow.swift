import BenchReport
import Lab

/// Create 304 MiB xfs until the client has it mounted, against the same bare tools in a shell, in turn.
struct CreateRow {
    /// Ours may take so many times as long.
    var bar = 1.15
    static let onCeph = CreateRow(bar: 1.2)

    func run(on bench: LabBench) async throws -> Findings {
        BenchProgram.say("create: 304 MiB xfs, ours and by hand in turn")
        var comparison = Comparison()
        var parts: (ours: [Timeline.Part], bare: [Timeline.Part]) = ([], [])
        // The first of each only warms up.
        for number in 0...bench.runs(9, quick: 2) {
            let bare = BareVolume(name: "c\(number)", pool: bench.pool)
            let mine = try await bench.create(
                LabBench.creation(of: "c\(number)", mebibytes: bare.mebibytes), LabBench.path(of: "c\(number)"))
            try await bench.node.convert2nfs("volume delete bench/c\(number)")
            let other = try await bench.create(bare.creation(), bare.path)
            try await bench.server.sh(bare.deletion)
            guard number > 0 else { continue }
            comparison.add(ours: mine.total.seconds, bare: other.total.seconds)
            parts.ours += mine.parts
            parts.bare += other.parts
        }
        return Findings(
            rows: [comparison.row("create 304 MiB xfs until mounted", atMost: bar)],
            notes: ["create, ours: \(parts.ours.medians().text); by hand: \(parts.bare.medians().text)"])
    }
}
