import Subprocess
import Synchronization
import SystemPackage

/// Runs tools with swift-subprocess: no shell, own session, every descriptor but the three standard ones closed.
package struct SystemCommandRunner: CommandRunner {
    /// How long a tool that was killed may take to die before it is given up; only one that hangs in the kernel does.
    private let killPatience: Duration

    package init(killPatience: Duration = .seconds(5)) { self.killPatience = killPatience }

    package func run(_ invocation: Invocation) async throws(HostError) -> CommandOutput {
        if Task.isCancelled { throw HostError.cancelled }
        let work = Task { try await Self.execute(invocation) }
        let isOverdue = Flag()
        // Not a task group: a group waits for all its tasks, and a tool that hangs in the kernel would hold it for
        // ever.
        let result: Result<CommandOutput, any Error>? = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = SingleAnswer<Result<CommandOutput, any Error>?>(continuation)
                let timer = Task {
                    try await Task.sleep(for: invocation.deadline)
                    isOverdue.raise()
                    work.cancel()
                    try await Task.sleep(for: killPatience)
                    answer.give(nil)
                }
                Task {
                    answer.give(await work.result)
                    timer.cancel()
                }
            }
        } onCancel: {
            work.cancel()
        }
        if isOverdue.isRaised { throw HostError.timedOut(what: invocation.tool.name, after: invocation.deadline) }
        if work.isCancelled { throw HostError.cancelled }
        switch result {
        case .success(let output): return output
        case .failure(let error): throw Self.hostError(error, invocation)
        case nil: throw HostError.timedOut(what: invocation.tool.name, after: invocation.deadline)
        }
    }

    private static func execute(_ invocation: Invocation) async throws -> CommandOutput {
        let configuration = configuration(of: invocation)
        let output = BytesOutput.bytes(limit: invocation.outputLimit)
        if invocation.standardInput.isEmpty {
            return commandOutput(try await Subprocess.run(configuration, output: output, error: output))
        }
        return commandOutput(
            try await Subprocess.run(
                configuration, input: .array(invocation.standardInput), output: output, error: output))
    }

    /// A tool's helpers are of its session and process group, and die with it.
    static let atOnce = [TeardownStep.send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .zero)]

    static func configuration(of invocation: Invocation) -> Configuration {
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = atOnce
        let environment = Dictionary(
            uniqueKeysWithValues: invocation.fullEnvironment.compactMap { name, value in
                Environment.Key(rawValue: name).map { ($0, value) }
            })
        return Configuration(
            executable: .path(FilePath(invocation.tool.path)), arguments: Arguments(invocation.arguments),
            environment: .custom(environment), platformOptions: options)
    }

    private static func commandOutput(_ result: ExecutionResult<Void, BytesOutput, BytesOutput>) -> CommandOutput {
        let status: ExitStatus =
            switch result.terminationStatus {
            case .exited(let code): .exited(code)
            case .signaled(let number): .signalled(number)
            }
        return CommandOutput(
            status: status, standardOutput: result.standardOutput, standardError: result.standardError)
    }

    static func hostError(_ error: any Error, _ invocation: Invocation) -> HostError {
        guard let error = error as? SubprocessError else { return .unexpected("\(invocation.tool.name): \(error)") }
        if error.code == .outputLimitExceeded {
            return .outputLimitExceeded(name: invocation.tool.name, limit: invocation.outputLimit)
        }
        if error.code == .executableNotFound {
            return .systemCall(
                name: "execve", errno: Errno.noSuchFileOrDirectory.rawValue, subject: invocation.tool.path)
        }
        guard let cause = error.underlyingError else { return .unexpected("\(invocation.tool.name): \(error)") }
        return .systemCall(name: "spawn", errno: cause.rawValue, subject: invocation.tool.path)
    }
}

/// Raised once, from any thread.
private final class Flag: Sendable {
    private let state = Atomic(false)
    var isRaised: Bool { state.load(ordering: .acquiring) }
    func raise() { state.store(true, ordering: .releasing) }
}
