import HostTools
import StorageCore

/// Which files of a volume have changed (find(1)).
struct ChangedFiles: Sendable {
    /// Of what a file says.
    enum Time: String {
        /// When its content or anything else of it was changed, by the kernel.
        case change = "-newerct"
        /// When its content was changed, as it was copied.
        case modification = "-newermt"
    }

    let find: Tool
    let runner: any CommandRunner

    /// The kernel's times of files are as old as its last tick (ktime_get_coarse_real_ts64), in seconds.
    static let margin = 0.1
    private static let limit = 256 << 20

    /// Paths below `root`, as the filesystem has them, of all but directories, and without what is kept, that have changed since `moment`; all if
    /// that is nil; and not after `end`.
    func since(
        _ moment: Double?, until end: Double? = nil, by time: Time, in root: String
    ) async throws(HostError) -> [[UInt8]] {
        let newer =
            (moment.map { [time.rawValue, "@\($0 - Self.margin)"] } ?? [])
            + (end.map { ["!", time.rawValue, "@\($0 + Self.margin)"] } ?? [])
        let invocation = Invocation(
            find,
            [
                root, "-xdev", "-path", "\(root)/\(RsyncSettings.kept)", "-prune", "-o", "!", "-type", "d",
            ] + newer + ["-printf", "%P\\0"], deadline: .seconds(3600), outputLimit: Self.limit)
        return try await runner.output(of: invocation).standardOutput.split(separator: 0).map(Array.init)
    }
}
