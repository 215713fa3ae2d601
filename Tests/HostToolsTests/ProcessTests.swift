import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import HostTools

@Suite("Processes that outlive us", .tags(.integration))
struct ProcessTests {
    private func sleeper(_ directory: String, _ script: String = "exec sleep 300") -> DetachedProcess {
        DetachedProcess(
            Tool(name: "sh", path: "/bin/sh"), ["-c", script], environment: ["MARK": "1"],
            outputFile: "\(directory)/output")
    }

    @Test("a detached process has its own session, our log, no input and none of our descriptors")
    func isDetached() async throws {
        try await withScratchDirectory { directory in
            let script = "echo said; echo complained >&2; readlink /proc/self/fd/0; exec sleep 300"
            let process = try sleeper(directory, script).start()
            defer { kill(process.pid, SIGKILL) }
            let output = "\(directory)/output"
            try await eventually {
                String(decoding: try DurableFile.read(output, limit: 1000) ?? [], as: UTF8.self)
                    == "said\ncomplained\n/dev/null\n"
            }
            #expect(getsid(process.pid) == process.pid)
            try await eventually {
                try ProcessIdentity.current(of: process.pid)?.executable.hasSuffix("/sleep") ?? false
            }
            let descriptors = try #require(try Directory.names(in: "/proc/\(process.pid)/fd"))
            #expect(Set(descriptors) == ["0", "1", "2"])
            try await process.terminate(grace: .seconds(5))
        }
    }

    @Test("a process is recognised again from what was written down, and not once it has ended")
    func isRecognised() async throws {
        try await withScratchDirectory { directory in
            let started = try sleeper(directory).start()
            let written = try JSONEncoder().encode(started)
            let process = try JSONDecoder().decode(ProcessIdentity.self, from: written)
            #expect(try process.isAlive())
            try await process.terminate(grace: .seconds(5))
            #expect(try !process.isAlive())
            #expect(kill(process.pid, 0) == -1, "it was reaped")
        }
    }

    @Test("another process with the same number is not taken for it")
    func survivesNumberReuse() async throws {
        let mine = try #require(try ProcessIdentity.current(of: getpid()))
        let earlier = ProcessIdentity(
            pid: mine.pid, startTime: mine.startTime - 1, bootID: mine.bootID, executable: mine.executable)
        let beforeReboot = ProcessIdentity(
            pid: mine.pid, startTime: mine.startTime, bootID: "other", executable: mine.executable)
        #expect(try mine.isAlive())
        for stranger in [earlier, beforeReboot] {
            #expect(try !stranger.isAlive())
            #expect(try !stranger.signal(SIGKILL))
            try await stranger.waitForExit()
            try await stranger.terminate(grace: .zero)
        }
    }

    @Test("a process that ignores SIGTERM is killed when its grace is over")
    func killsTheStubborn() async throws {
        try await withScratchDirectory { directory in
            let script = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
            let process = try sleeper(directory, script).start()
            try await eventually { try FileFacts.of("\(directory)/output")?.size == 6 }
            let start = ContinuousClock.now
            try await process.terminate(grace: .milliseconds(200))
            #expect(ContinuousClock.now - start >= .milliseconds(200))
            #expect(try !process.isAlive())
        }
    }

    @Test("the end of a process that is not our child is noticed")
    func noticesForeignEnd() async throws {
        try await withScratchDirectory { directory in
            let mark = "\(directory)/pid"
            let script = "(sleep 300 & echo $! > \(mark).new; mv \(mark).new \(mark))"
            let output = try await SystemCommandRunner().run(
                Invocation(Tool(name: "sh", path: "/bin/sh"), ["-c", "setsid sh -c '\(script)' > /dev/null 2>&1"]))
            #expect(output.status == .exited(0))
            let text = String(decoding: try DurableFile.read(mark, limit: 100) ?? [], as: UTF8.self)
            let pid = try #require(Int32(text.dropLast()))
            let process = try #require(try ProcessIdentity.current(of: pid))
            let waiter = Task { try await process.waitForExit() }
            try process.signal(SIGKILL)
            try await waiter.value
            #expect(try !process.isAlive())
        }
    }

    @Test("waiting for a process ends when the task is cancelled")
    func waitIsCancellable() async throws {
        try await withScratchDirectory { directory in
            let process = try sleeper(directory).start()
            let waiter = Task { try await process.waitForExit() }
            waiter.cancel()
            await #expect(throws: HostError.cancelled) { try await waiter.value }
            #expect(try process.isAlive())
            try await process.terminate(grace: .seconds(5))
        }
    }

    @Test("a zombie is not alive, and our own is reaped")
    func zombiesAreDead() async throws {
        try await withScratchDirectory { directory in
            let process = try sleeper(directory).start()
            kill(process.pid, SIGKILL)
            try await eventually { try ProcessStatus.read(process.pid)?.isZombie ?? false }
            #expect(try !process.isAlive())
            #expect(try ProcessStatus.read(process.pid) == nil)
        }
    }

    @Test("a program that cannot be executed is an error that names it")
    func reportsAbsence() async throws {
        try await withScratchDirectory { directory in
            let process = DetachedProcess(
                Tool(name: "gone", path: "/nonexistent/gone"), [], environment: [:], outputFile: "\(directory)/output")
            #expect(throws: HostError.systemCall(name: "posix_spawn", errno: ENOENT, subject: "/nonexistent/gone")) {
                try process.start()
            }
        }
    }

    @Test("names with spaces and parentheses do not confuse the status of a process")
    func parsesNames() throws {
        let text = "42 (a ) b (c) S) Z 7 42 42 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 12345 0 0"
        let status = try ProcessStatus.parse(text)
        #expect(status == ProcessStatus(state: "Z", parent: 7, startTime: 12345))
        #expect(throws: HostError.self) { try ProcessStatus.parse("42 (x) S 7") }
    }
}
