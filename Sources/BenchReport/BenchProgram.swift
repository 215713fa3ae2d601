import Glibc
import StorageCore

/// What programs that measure have in common. Exit statuses are those of sysexits.h: 0 whenever everything asked for could
/// be measured, met or not.
package enum BenchProgram {
    /// Takes the arguments of the process, measures, and prints one table.
    package static func run<Measure>(
        _ name: String, measuring measure: @Sendable (BenchOptions<Measure>) async throws -> Findings
    ) async {
        let options: BenchOptions<Measure>
        do {
            options = try BenchOptions(program: name, arguments: CommandLine.arguments.dropFirst())
        } catch {
            end(error.message, EX_USAGE)
        }
        if options.wantsHelp {
            print(options.usage)
            return
        }
        guard geteuid() == 0 else { end("mounts need root", EX_NOPERM) }
        do {
            print(try await measure(options).text)
        } catch {
            end("could not measure: \(StorageError.wrap(error))", EX_UNAVAILABLE)
        }
    }

    /// Progress, for whoever waits; standard output has the result alone.
    package static func say(_ text: String) {
        let line = "bench: \(text)\n"
        _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    }

    private static func end(_ message: String, _ status: Int32) -> Never {
        say(message)
        exit(status)
    }
}
