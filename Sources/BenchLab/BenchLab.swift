import BenchReport

/// What can be measured; the names are what `--only` takes.
enum Measure: String, CaseIterable {
    case create
    case growth
    case transfer
    case reboot
}

/// Measures the node on LVM and the kernel's NFS server, with the kernel's client, against the bare tools on the same machines
/// in the same run, and prints one table. The processor is emulated, so it is the ratios that count.
@main
struct BenchLab {
    static func main() async {
        await BenchProgram.run("convert2nfs-bench-lab") { (options: BenchOptions<Measure>) in
            // Two emulated processors beside the client's keep each other waiting on a host with two, and what is transferred differs
            // by a third from second to second.
            var findings = try await measure(options.measures.intersection([.transfer]), processors: 1, options)
            // As the smallest server has: with one, emulated, a boot measures our user space and nothing else.
            findings += try await measure(options.measures.subtracting([.transfer]), processors: 2, options)
            return findings
        }
    }

    private static func measure(
        _ measures: Set<Measure>, processors: Int, _ options: BenchOptions<Measure>
    ) async throws -> Findings {
        guard !measures.isEmpty else { return Findings() }
        return try await LabBench.with(isQuick: options.isQuick, processors: processors) { bench in
            try await measure(measures, on: bench)
        }
    }

    private static func measure(_ measures: Set<Measure>, on bench: LabBench) async throws -> Findings {
        var findings = Findings()
        if measures.contains(.create) { findings += try await CreateRow().run(on: bench) }
        if measures.contains(.transfer) { findings += try await TransferRows().run(on: bench) }
        if !measures.isDisjoint(with: ManyVolumesRows.measures) {
            findings += try await ManyVolumesRows(wanted: measures).run(on: bench)
        }
        return findings
    }
}
