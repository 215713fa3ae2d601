import HostTools
import StorageCore

/// A command of the operator's that switches the other node off, and answers once it is.
package struct FenceCommand: Fence {
    private let invocation: Invocation

    private let runner: any CommandRunner

    /// `command` is the program, by its absolute path, and its arguments. The other node's name is in its environment, as
    /// `CONVERT2NFS_FENCE`.
    package init(_ command: [String], of other: NodeName, deadline: Duration, runner: any CommandRunner) {
        let path = command.first ?? ""
        invocation = Invocation(
            Tool(name: path, path: path), Array(command.dropFirst()), environment: ["CONVERT2NFS_FENCE": other.value],
            deadline: deadline)
        self.runner = runner
    }

    package func run() async throws(StorageError) {
        do throws(HostError) { try await runner.output(of: invocation) } catch {
            throw StorageError(.unavailable, "\(error)")
        }
    }
}
