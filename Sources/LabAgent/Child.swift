import CHostShims
import Glibc

/// A program that was started for a call, in a session of its own, and its three pipes.
struct Child {
    let pid: pid_t
    /// Readable once it has ended (pidfd_open(2)).
    let end: Int32
    var input: Int32
    var output: Int32
    var error: Int32

    /// Throws the error number if it cannot be started.
    init(arguments: [String], environment: [String]) throws(Refusal) {
        var pipes: [[Int32]] = []
        for _ in 0..<3 {
            var pair: [Int32] = [-1, -1]
            guard host_pipe(&pair) == 0 else { throw Refusal(number: errno) }
            pipes.append(pair)
        }
        var pid: pid_t = 0
        let result = Self.spawn(&pid, arguments, environment, pipes[0][0], pipes[1][1], pipes[2][1])
        for descriptor in [pipes[0][0], pipes[1][1], pipes[2][1]] { close(descriptor) }
        (input, output, error) = (pipes[0][1], pipes[1][0], pipes[2][0])
        guard result == 0 else {
            for descriptor in [input, output, error] { close(descriptor) }
            throw Refusal(number: result)
        }
        self.pid = pid
        end = host_pidfd_open(pid)
        // What is left in the pipes when it has ended is read without waiting for those it left in the background.
        for descriptor in [input, output, error] { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
    }

    /// Kills it with all that are still of its session's first process group.
    func kill() { Glibc.kill(-pid, SIGKILL) }

    /// How it ended; waits for it.
    func reap() -> (isSignal: Bool, number: Int32) {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        let signal = status & 0x7F
        return signal == 0 ? (false, status >> 8 & 0xFF) : (true, signal)
    }

    private static func spawn(
        _ pid: inout pid_t, _ arguments: [String], _ environment: [String], _ input: Int32, _ output: Int32,
        _ error: Int32
    ) -> Int32 {
        guard let program = arguments.first else { return EINVAL }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, descriptor) in [input, output, error].enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
        }
        posix_spawn_file_actions_addchdir_np(&actions, "/")
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, host_spawn_setsid | Int16(POSIX_SPAWN_SETSIGDEF))
        let words = arguments.map { (word: String) in strdup(word) }
        let variables = environment.map { (word: String) in strdup(word) }
        defer { for word in words + variables { free(word) } }
        return posix_spawn(&pid, program, &actions, &attributes, words + [nil], variables + [nil])
    }
}

struct Refusal: Error {
    let number: Int32
}
