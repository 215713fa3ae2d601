import BenchReport
import Dispatch
import FoundationEssentials
import Glibc
import HostTools

/// A tool as an operator runs it: posix_spawn(3), waitpid(2), and nothing of ours in between that would cost time.
struct HandTool: Sendable {
    private let tool: Tool
    private static let directories = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    private static let deadline = DispatchTimeInterval.seconds(60)

    /// Throws `missingTools` with the package to install if it is not there.
    init(_ name: String, package: String) throws(HostError) {
        let paths = Self.directories.map { "\($0)/\(name)" }
        guard let path = paths.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            throw HostError.missingTools([MissingTool(name: name, package: package)])
        }
        tool = Tool(name: name, path: path)
    }

    /// Runs it to its end, at most a minute; what it says on standard output is dropped, what it complains of is shown.
    /// Blocks.
    func run(_ arguments: [String]) throws(HostError) {
        let pid = try spawn(arguments)
        let watchdog = DispatchWorkItem { kill(pid, SIGKILL) }
        let queue = DispatchQueue(label: "bench.watchdog")
        queue.asyncAfter(deadline: .now() + Self.deadline, execute: watchdog)
        // Left as a zombie until the watchdog is off, so that its number stays its own.
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
        watchdog.cancel()
        queue.sync {}
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        let signal = status & 0x7F
        guard status == 0 else {
            throw HostError.toolFailed(
                name: tool.name, status: signal == 0 ? .exited(status >> 8) : .signalled(signal),
                message: arguments.joined(separator: " "))
        }
    }

    /// The same tool for those who want its output and do not measure it.
    func output(_ arguments: [String]) async throws(HostError) -> String {
        try await SystemCommandRunner().output(of: Invocation(tool, arguments, outputLimit: 16 << 20)).text
    }

    /// Starts it as a server; see `DetachedProcess`.
    func start(_ arguments: [String], output: String, environment: [String: String] = [:]) throws(HostError)
        -> ProcessIdentity
    {
        let variables = ["PATH": Self.directories.joined(separator: ":"), "LC_ALL": "C"]
        return try DetachedProcess(
            tool, arguments, environment: variables.merging(environment) { $1 }, outputFile: output
        ).start()
    }

    private func spawn(_ arguments: [String]) throws(HostError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        let path = "PATH=\(Self.directories.joined(separator: ":"))"
        let words = ([tool.path] + arguments).map { (word: String) in strdup(word) }
        let variables = [path, "LC_ALL=C"].map { (variable: String) in strdup(variable) }
        defer { for word in words + variables { free(word) } }
        var pid: pid_t = 0
        let result = posix_spawn(&pid, tool.path, &actions, nil, words + [nil], variables + [nil])
        guard result == 0 else { throw HostError.systemCall(name: "posix_spawn", errno: result, subject: tool.path) }
        return pid
    }
}
