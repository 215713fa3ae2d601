import CHostShims
import Glibc

/// A server that this process starts and that outlives it: kill -9 of this process leaves it running and whole. It
/// shares nothing with its starter: own session, no pipe, standard input from /dev/null, output to a file, no
/// descriptor inherited, default signals, no parent-death signal.
package struct DetachedProcess: Sendable {
    package let tool: Tool
    package let arguments: [String]
    /// The whole environment of it.
    package let environment: [String: String]
    /// Its standard output and error are appended here; made with mode 0600 if absent.
    package let outputFile: String

    package init(_ tool: Tool, _ arguments: [String], environment: [String: String], outputFile: String) {
        self.tool = tool
        self.arguments = arguments
        self.environment = environment
        self.outputFile = outputFile
    }

    /// Starts it and answers who it is. Each call starts one more. It stays a child of this process until one of the
    /// two ends; see `ProcessIdentity.isAlive` and `waitForExit` for who reaps it. Throws `systemCall` if it cannot be
    /// executed.
    package func start() throws(HostError) -> ProcessIdentity {
        // Opened here first, because posix_spawn(3) cannot say which of its actions failed.
        _ = try Descriptor(opening: outputFile, O_WRONLY | O_CREAT | O_APPEND, mode: 0o600)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, outputFile, O_WRONLY | O_APPEND, 0)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        posix_spawn_file_actions_addchdir_np(&actions, "/")

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        let flags = host_spawn_setsid | Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF)
        posix_spawnattr_setflags(&attributes, flags)

        var pid: pid_t = 0
        let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let result = withCStrings([tool.path] + arguments) { argv in
            withCStrings(variables) { envp in posix_spawn(&pid, tool.path, &actions, &attributes, argv, envp) }
        }
        guard result == 0 else { throw HostError.systemCall(name: "posix_spawn", errno: result, subject: tool.path) }
        if let identity = try identity(of: pid) { return identity }
        waitpid(pid, nil, 0)
        throw HostError.unexpected("\(tool.name) ended as soon as it was started; see \(outputFile)")
    }
}

extension DetachedProcess {
    /// posix_spawn(3) of glibc returns in the exec, a moment before the kernel shows the new program.
    private func identity(of pid: pid_t) throws(HostError) -> ProcessIdentity? {
        let own = try ProcessIdentity.current(of: getpid())?.executable
        // Who starts itself cannot tell the two apart, and need not.
        let end = ContinuousClock.now + (Directory.realPath(tool.path) == own ? .zero : .seconds(1))
        while true {
            guard let identity = try ProcessIdentity.current(of: pid) else { return nil }
            if identity.executable != own || ContinuousClock.now > end { return identity }
            sched_yield()
        }
    }
}

/// The strings as a null-terminated array of C strings, valid within `body`.
private func withCStrings<Result>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
}
