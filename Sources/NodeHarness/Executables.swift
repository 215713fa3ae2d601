import FoundationEssentials
import HostTools

/// Our own programs, as they lie beside the one that runs.
package enum Executables {
    /// Of this process; the build puts all programs and tests into one directory.
    package static func directory() throws -> String {
        try current().split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
    }

    /// This process's program.
    package static func current() throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    }

    /// What a program needs that finds Swift's libraries where this one did.
    package static var environment: [String: String] {
        let own = ProcessInfo.processInfo.environment
        return ["PATH", "LD_LIBRARY_PATH"].reduce(into: ["LC_ALL": "C"]) { $0[$1] = own[$1] }
    }
}
