/// Runs tools. The only way this project starts a program that it waits for.
package protocol CommandRunner: Sendable {
    /// How the tool ended, whatever its status. Throws `timedOut`, `outputLimitExceeded`, `cancelled` (the tool and its
    /// process group are dead and reaped then), `systemCall` when it cannot be started.
    func run(_ invocation: Invocation) async throws(HostError) -> CommandOutput
}

extension CommandRunner {
    /// What the tool said, if it ended with one of the exit codes `accepted`. Throws `toolFailed` otherwise.
    @discardableResult
    package func output(of invocation: Invocation, accepting accepted: Set<Int32> = [0]) async throws(HostError)
        -> CommandOutput
    {
        let output = try await run(invocation)
        if case .exited(let code) = output.status, accepted.contains(code) { return output }
        throw HostError.toolFailed(name: invocation.tool.name, status: output.status, message: output.messageTail)
    }
}
