import BenchReport
import Lab

/// A clone of a volume with data until the client has it mounted, against the create of an empty one of its size and the bare
/// commands of a clone, in turn.
struct CloneRow {
    private static let bar = 1.5
    private static let mebibytes = 1024
    /// Of them are written.
    private static let written = 512

    func run(on bench: LabBench) async throws -> Findings {
        BenchProgram.say(
            "clone: of 1 GiB with \(Self.written) MiB of data, an empty create and a clone by hand in turn")
        try await bench.server.sh(
            """
            \(LabBench.creation(of: "origin", mebibytes: Self.mebibytes))
            head -c \(Self.written)M /dev/urandom >\(LabBench.path(of: "origin"))/data
            sync -f \(LabBench.path(of: "origin"))
            """, deadline: .seconds(300))
        var (comparison, other) = (Comparison(), Comparison())
        var parts: (clones: [Timeline.Part], empty: [Timeline.Part], bare: [Timeline.Part]) = ([], [], [])
        // The first of each only warms up.
        for number in 0...bench.runs(9, quick: 2) {
            let clone = try await make("k\(number)", from: "origin", bench)
            let empty = try await make("e\(number)", from: nil, bench)
            let bare = try await makeBare("b\(number)", from: "origin", bench)
            guard number > 0 else { continue }
            comparison.add(ours: clone.total.seconds, bare: empty.total.seconds)
            other.add(ours: clone.total.seconds, bare: bare.total.seconds)
            parts.clones += clone.parts
            parts.empty += empty.parts
            parts.bare += bare.parts
        }
        try await bench.node.convert2nfs("volume delete bench/origin")
        return Findings(
            rows: [
                comparison.row("clone 1 GiB with data until mounted, against an empty create", atMost: Self.bar),
                other.row("the same, against the bare commands of a clone", atMost: CreateRow.onCeph.bar),
            ],
            notes: [
                "clone: \(parts.clones.medians().text); empty create: \(parts.empty.medians().text)",
                "clone by hand: \(parts.bare.medians().text)",
            ])
    }

    private func makeBare(_ name: String, from origin: String, _ bench: LabBench) async throws -> Timeline {
        let bare = BareVolume(name: name, pool: bench.pool)
        let timeline = try await bench.create(bare.copy(of: origin), bare.path)
        try await bench.server.sh(bare.deletion)
        return timeline
    }

    /// It is gone again then.
    private func make(_ name: String, from origin: String?, _ bench: LabBench) async throws -> Timeline {
        let timeline = try await bench.create(
            LabBench.creation(of: name, mebibytes: Self.mebibytes, from: origin), LabBench.path(of: name))
        try await bench.node.convert2nfs("volume delete bench/\(name)")
        return timeline
    }
}
