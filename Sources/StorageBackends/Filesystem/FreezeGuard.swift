import FoundationEssentials
import Glibc
import HostTools
import Synchronization

/// Keeps a frozen filesystem from outliving the one who froze it: a process of its own beside each freeze, which thaws when this
/// process is gone, however it ended. Without it a kill -9 in the middle of a snapshot would leave every writer hanging
/// until the next start, the NFS server among them.
package final class FreezeGuard: Sendable {
    private let tool: Tool
    private let arguments: [String]
    private let environment: [String: String]
    private let outputFile: String
    private let watchers = Mutex<[String: ProcessIdentity]>([:])

    /// Where somebody watches.
    package var guarded: Set<String> { watchers.withLock { Set($0.keys) } }

    /// `tool` with `arguments`, then the identity of this process as JSON and the path, is to call `watch`.
    package init(tool: Tool, arguments: [String], environment: [String: String], outputFile: String) {
        self.tool = tool
        self.arguments = arguments
        self.environment = environment
        self.outputFile = outputFile
    }

    /// What the guarding process does: waits for the end of `owner`, then thaws `path`.
    package static func watch(owner: ProcessIdentity, path: String) async throws(HostError) {
        try await owner.waitForExit()
        _ = try FilesystemControl.thaw(path)
    }

    /// Ensures that somebody watches over the freeze that is about to begin at `path`.
    func begin(_ path: String) throws(HostError) {
        guard let own = try ProcessIdentity.current(of: getpid()), let owner = try? JSONEncoder().encode(own) else {
            throw HostError.unexpected("this process has no identity in /proc")
        }
        let process = try DetachedProcess(
            tool, arguments + [String(decoding: owner, as: UTF8.self), path], environment: environment,
            outputFile: outputFile
        ).start()
        let former = watchers.withLock { $0.updateValue(process, forKey: path) }
        _ = try former?.signal(SIGKILL)
    }

    /// Ensures that nobody watches `path` any more; it is thawed.
    func end(_ path: String) async throws(HostError) {
        guard let watcher = watchers.withLock({ $0.removeValue(forKey: path) }) else { return }
        try await watcher.terminate(grace: .seconds(1))
    }
}
