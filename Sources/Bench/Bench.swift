import BenchReport

/// What can be measured; the names are what `--only` takes.
enum Measure: String, CaseIterable {
    case create
    case concurrent
    case growth
    case memory
    case restart
    case page
}

/// Measures the node against what it must reach, on real parts, and prints one table.
@main
struct Bench {
    static func main() async {
        await BenchProgram.run("convert2nfs-bench") { (options: BenchOptions<Measure>) in
            try await Workbench.with(isQuick: options.isQuick) { bench in
                try await measure(options.measures, on: bench)
            }
        }
    }

    private static func measure(_ measures: Set<Measure>, on bench: Workbench) async throws -> Findings {
        var findings = Findings()
        if measures.contains(.create) { findings += try await CreateRow().run(on: bench) }
        if measures.contains(.concurrent) { findings += try await ConcurrentRow().run(on: bench) }
        if !measures.isDisjoint(with: ManyVolumesRows.measures) {
            findings += try await ManyVolumesRows(wanted: measures).run(on: bench)
        }
        if measures.contains(.page) { findings += try await PageRow().run(on: bench) }
        return findings
    }
}
