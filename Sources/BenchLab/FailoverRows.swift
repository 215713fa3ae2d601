import BenchReport
import Lab

/// The service's moves between the nodes of a pair, as a client with the kernel's NFS client sees them.
struct FailoverRows {
    private static let killBar = 6.0
    private static let switchBar = 4.0
    private static let portBar = 0.5
    /// Beyond what it is on DRBD.
    private static let cephBar = 2.0
    /// What the kernel's server waits for clients to reclaim, in the settings of a pair.
    private static let grace = 20.0

    /// What came of all moves of one kind.
    private struct Moves {
        private(set) var all: [PairBench.Move] = []
        mutating func add(_ move: PairBench.Move) { all.append(move) }

        var stall: Double { all.map(\.result.longest.seconds).median }
        var worst: Double { all.map(\.result.longest.seconds).max() ?? 0 }
        var beyondPort: Double { all.map(\.beyondPort).median }
        var steps: String { all.flatMap(\.steps).medians().text }
        var unnoticed: Double { all.map(\.unnoticed.seconds).median }
        var locksHeld: Int { all.count { $0.holdsLock } }
        var records: Int { all.map(\.result.records).reduce(0, +) }
        var lost: Int { all.map(\.result.lost).reduce(0, +) }
        var errors: [String] {
            all.map(\.result.errors).filter { $0 != "none" }
                + all.filter { $0.result.unanswered > 0 }.map {
                    "\($0.result.unanswered) renames that were done and not answered"
                }
        }
    }

    /// What a kill costs the client.
    struct Kills: Sendable {
        /// In seconds.
        let stall: Double
        let findings: Findings
    }

    /// With so many volumes, in at most `share` of what a kill with few may cost.
    func kills(
        volumes: Int, _ storage: String = "", atMost share: Double? = 1, on bench: PairBench
    ) async throws -> Kills {
        let moves = try await kill("v3-\(volumes)", "nfsvers=3", bench)
        let what = "v3, \(volumes) volumes\(storage)"
        let rows = [
            row("stall, primary killed, \(what)", moves.stall, atMost: share.map { $0 * Self.killBar }),
            row("of it since the port began to open", moves.beyondPort, atMost: Self.portBar),
        ]
        return Kills(
            stall: moves.stall,
            findings: Findings(rows: rows) + common("killed, \(what)", moves))
    }

    /// With many volumes, against the stall with few.
    func ratio(few: Double, many: Double) -> Row {
        Row(
            measure: "stall with many volumes against few", ours: Duration.seconds(many).text,
            theirs: Duration.seconds(few).text, ratio: (many / few).text(2), bar: "<= 2.00", isMet: many <= 2 * few)
    }

    /// On Ceph, against the same on DRBD.
    func ratio(ceph: Double, drbd: Double) -> Row {
        let bar = drbd + Self.cephBar
        return Row(
            measure: "stall on Ceph against that on DRBD", ours: Duration.seconds(ceph).text,
            theirs: Duration.seconds(drbd).text, ratio: (ceph / drbd).text(2), bar: "<= \(Duration.seconds(bar).text)",
            isMet: ceph <= bar)
    }

    func locks(on bench: PairBench) async throws -> Findings {
        let moves = try await kill("v41", "nfsvers=4.1", bench)
        return Findings(rows: [
            row("stall, primary killed, v4.1 with a lock", moves.stall, atMost: Self.grace + Self.killBar),
            Row(
                measure: "of it: the lock is held where the service is",
                ours: "\(moves.locksHeld) of \(moves.all.count)",
                bar: "all", isMet: moves.locksHeld == moves.all.count),
        ]) + common("killed, v4.1", moves)
    }

    /// One application through so many losses of power at moments by chance, there and back.
    func soak(on bench: PairBench) async throws -> Findings {
        let kills = bench.isQuick ? 3 : 50
        let application = Application(on: bench.client, "soak")
        try await application.start(PairBench.path, from: PairNodes.address, options: "nfsvers=3")
        for number in 1...kills {
            BenchProgram.say("soak: kill \(number) of \(kills)")
            let primary = try await bench.pair.primary()
            try await application.proceed()
            try await Task.sleep(for: .milliseconds(Int.random(in: 0..<3000)))
            try await primary.cutPower()
            try await application.proceed()
            try await bench.pair.boot(primary)
            try await bench.pair.wait(until: primary, is: "standby", deadline: .seconds(180))
        }
        let result = try await application.stop()
        return Findings(
            rows: [
                Row(
                    measure: "fsync'ed records lost over \(kills) kills at random moments", ours: "\(result.lost)",
                    bar: "0",
                    isMet: result.lost == 0),
                Row(measure: "errors in them", ours: result.errors, bar: "none", isMet: result.errors == "none"),
            ],
            notes: [
                "soak: \(result.records) records, longest stall \(result.longest.text), renames done and not answered: \(result.unanswered)"
            ])
    }

    func switches(on bench: PairBench) async throws -> Findings {
        var moves = Moves()
        for number in 1...bench.runs {
            BenchProgram.say("switch \(number)")
            moves.add(
                try await bench.move("switch-\(number)", options: "nfsvers=3") { primary in
                    try await bench.pair.moveService(from: primary)
                })
        }
        return Findings(rows: [row("stall, orderly switch, v3", moves.stall, atMost: Self.switchBar)])
            + common("switched", moves)
    }

    private func kill(_ name: String, _ options: String, _ bench: PairBench) async throws -> Moves {
        var moves = Moves()
        for number in 1...bench.runs {
            BenchProgram.say("\(name): kill \(number)")
            let move = try await bench.move("\(name)-\(number)", options: options) { try await $0.cutPower() }
            moves.add(move)
            try await bench.pair.boot(move.from)
        }
        return moves
    }

    private func row(_ measure: String, _ seconds: Double, atMost bar: Double?) -> Row {
        Row(
            measure: measure, ours: Duration.seconds(seconds).text,
            bar: bar.map { "<= \(Duration.seconds($0).text)" } ?? "",
            isMet: bar.map { seconds <= $0 })
    }

    private func common(_ what: String, _ moves: Moves) -> Findings {
        let errors = moves.errors.isEmpty ? "" : ": \(moves.errors.joined(separator: "; "))"
        return Findings(
            rows: [
                Row(
                    measure: "\(what): errors, records lost", ours: "\(moves.errors.count), \(moves.lost)", bar: "0, 0",
                    isMet: moves.errors.isEmpty && moves.lost == 0)
            ],
            notes: [
                "\(what): \(moves.all.count) moves, \(moves.records) records, longest stall \(Duration.seconds(moves.worst).text); "
                    + "before and between \(Duration.seconds(moves.unnoticed).text), \(moves.steps)\(errors)"
            ])
    }
}
