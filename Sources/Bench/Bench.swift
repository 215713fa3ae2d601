import FoundationEssentials
import Glibc
import HostTools
import StorageCore

/// Measures the node against what it must reach, on real parts, and prints one table. Exit statuses are those of
/// sysexits.h: 0 whenever everything asked for could be measured, met or not.
@main
struct Bench {
    static func main() async {
        let options: BenchOptions
        do {
            options = try BenchOptions(arguments: CommandLine.arguments.dropFirst())
        } catch {
            end(error.message, EX_USAGE)
        }
        if options.wantsHelp {
            print(BenchOptions.usage)
            return
        }
        guard geteuid() == 0 else { end("mounts need root", EX_NOPERM) }
        do {
            let findings = try await Workbench.with(isQuick: options.isQuick) { bench in
                try await measure(options.measures, on: bench)
            }
            print(findings.text)
        } catch {
            end("could not measure: \(StorageError.wrap(error))", EX_UNAVAILABLE)
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

    private static func end(_ message: String, _ status: Int32) -> Never {
        Workbench.say(message)
        exit(status)
    }
}
