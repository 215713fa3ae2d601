import FoundationEssentials
import Glibc
import HostTools
import NodeHarness
import StorageCore

/// A directory for everything that is made while measuring, and what all measurements share.
struct Workbench: Sendable {
    let directory: String
    let isQuick: Bool

    /// Runs `body` with a fresh directory below TMPDIR, which is removed again whatever happens.
    static func with<Value: Sendable>(
        isQuick: Bool, _ body: @Sendable (Workbench) async throws -> Value
    ) async throws -> Value {
        let parent = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        let path = "\(parent)/c2n-bench.\(getpid())"
        try Directory.ensure(path, mode: 0o700)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try await body(Workbench(directory: path, isQuick: isQuick))
    }

    /// So many runs, or in a hurry so few.
    func runs(_ full: Int, quick: Int) -> Int { isQuick ? quick : full }

    /// Runs `body` on a ready node of its own, then takes it out of service and removes it. An error of `body` goes
    /// before one of the taking down.
    func withNode<Value: Sendable>(
        _ name: String, _ options: DaemonNode.Options, below parent: String? = nil,
        _ body: (RunningDaemon) async throws -> Value
    ) async throws -> Value {
        let path = "\(parent ?? directory)/\(name)"
        try Directory.ensure(path, mode: 0o700)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let running = try await RunningDaemon(DaemonNode(directory: path, options: options))
        do {
            let value = try await body(running)
            try await running.retire()
            return value
        } catch {
            try? await running.retire()
            throw error
        }
    }
}
