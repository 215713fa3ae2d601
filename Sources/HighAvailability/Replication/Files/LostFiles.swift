import HostTools
import StorageCore

/// What was written on a node that then lost the service, after the other node had copied for the last time: it is kept before the other's files
/// come over it.
struct LostFiles: Sendable {
    let find: Tool
    let runner: any CommandRunner
    private let work = BlockingWork(label: "kept files")

    /// The kernel's times of files are as old as its last tick (ktime_get_coarse_real_ts64), in seconds.
    static let margin = 0.1
    private static let limit = 256 << 20

    /// Keeps what has changed in the volume at `path` since `moment`, all if that is nil, below `RsyncSettings.kept` and `name`, which is new. Answers how
    /// many files that are.
    func keep(at path: MountPath, since moment: Double?, as name: String) async throws(StorageError) -> Int {
        do throws(HostError) {
            let files = try await changed(at: path.value, since: moment)
            guard !files.isEmpty else { return 0 }
            return try await work.run("keeping files", deadline: .seconds(3600)) { _ throws(HostError) in
                try KeptFiles.link(files, in: path.value, into: RsyncSettings.kept, name)
                return files.count
            }
        } catch {
            throw StorageError(
                .unavailable, "what was written in \(path) before the other node took over cannot be kept: \(error)")
        }
    }

    private func changed(at root: String, since moment: Double?) async throws(HostError) -> [[UInt8]] {
        let newer = moment.map { ["-newerct", "@\($0 - Self.margin)"] } ?? []
        let invocation = Invocation(
            find,
            [
                root, "-xdev", "-path", "\(root)/\(RsyncSettings.kept)", "-prune", "-o", "!", "-type", "d",
            ] + newer + ["-printf", "%P\\0"], deadline: .seconds(3600), outputLimit: Self.limit)
        return try await runner.output(of: invocation).standardOutput.split(separator: 0).map(Array.init)
    }
}
