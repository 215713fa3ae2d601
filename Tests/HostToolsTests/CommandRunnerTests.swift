import Glibc
import HostTools
import TestSupport
import Testing

@Suite("Running tools", .tags(.integration))
struct CommandRunnerTests {
    private let runner = SystemCommandRunner()
    private let shell = Tool(name: "sh", path: "/bin/sh")

    @Test("a tool's status and both its outputs come back")
    func capturesEverything() async throws {
        let output = try await runner.run(Invocation(shell, ["-c", "echo out; echo err >&2; exit 3"]))
        #expect(output.status == .exited(3))
        #expect(output.text == "out\n")
        #expect(output.messageTail == "err")
    }

    @Test("a tool sees its input, the C locale, what was added, and nothing of our environment")
    func passesInputAndEnvironment() async throws {
        setenv("HOST_TOOLS_SECRET", "1", 1)
        let invocation = Invocation(
            shell, ["-c", "cat; /usr/bin/env"], environment: ["ADDED": "yes"], standardInput: Array("in\n".utf8))
        let lines = try await runner.output(of: invocation).text.split(separator: "\n").map(String.init)
        #expect(lines.first == "in")
        #expect(lines.contains("LC_ALL=C") && lines.contains("ADDED=yes"))
        #expect(!lines.contains { $0.hasPrefix("HOST_TOOLS_SECRET") || $0.hasPrefix("HOME=") })
    }

    @Test("a status that is not accepted is an error with the tail of what the tool said")
    func reportsFailure() async throws {
        let expected = HostError.toolFailed(name: "sh", status: .exited(4), message: "no | disk")
        await #expect(throws: expected) {
            try await runner.output(of: Invocation(shell, ["-c", "echo no >&2; echo disk >&2; exit 4"]))
        }
        let accepted = try await runner.output(of: Invocation(shell, ["-c", "exit 4"]), accepting: [0, 4])
        #expect(accepted.status == .exited(4))
    }

    @Test("a tool that overstays its deadline is killed with its helpers")
    func killsTheProcessGroup() async throws {
        try await withScratchDirectory { directory in
            let mark = "\(directory)/helper"
            let script = "sleep 300 & echo $! > \(mark); echo $$ >> \(mark); wait"
            let invocation = Invocation(shell, ["-c", script], deadline: .milliseconds(500))
            await #expect(throws: HostError.timedOut(what: "sh", after: .milliseconds(500))) {
                try await runner.run(invocation)
            }
            let text = String(decoding: try DurableFile.read(mark, limit: 100) ?? [], as: UTF8.self)
            let pids = text.split(separator: "\n").compactMap { Int32($0) }
            try #require(pids.count == 2)
            for pid in pids {
                // A helper is reaped by init, which may take it a moment.
                try await eventually { try ProcessIdentity.current(of: pid) == nil }
            }
        }
    }

    @Test("cancelling the task kills the tool")
    func killsOnCancel() async throws {
        try await withScratchDirectory { directory in
            let mark = "\(directory)/pid"
            let invocation = Invocation(shell, ["-c", "echo $$ > \(mark).new; mv \(mark).new \(mark); exec sleep 300"])
            let work = Task { try await runner.run(invocation) }
            try await eventually { try FileFacts.of(mark) != nil }
            work.cancel()
            await #expect(throws: HostError.cancelled) { try await work.value }
            let text = String(decoding: try DurableFile.read(mark, limit: 100) ?? [], as: UTF8.self)
            let pid = try #require(Int32(text.dropLast()))
            #expect(try ProcessIdentity.current(of: pid) == nil)
        }
    }

    @Test("a tool that says too much is stopped")
    func limitsOutput() async throws {
        let invocation = Invocation(shell, ["-c", "while :; do echo yes; done"], outputLimit: 1000)
        await #expect(throws: HostError.outputLimitExceeded(name: "sh", limit: 1000)) {
            try await runner.run(invocation)
        }
    }

    @Test("a tool that is not there any more is an error that names it")
    func reportsAbsence() async throws {
        let gone = Tool(name: "gone", path: "/nonexistent/gone")
        let error = await #expect(throws: HostError.self) { try await runner.run(Invocation(gone, [])) }
        #expect(error?.errorNumber == ENOENT)
        #expect(error?.description.contains("/nonexistent/gone") == true)
    }

    @Test("many tools at once all end")
    func runsConcurrently() async throws {
        let total = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<40 {
                group.addTask {
                    let text = try await runner.output(of: Invocation(shell, ["-c", "echo \(number)"])).text
                    return Int(text.dropLast()) ?? -1
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(total == (0..<40).reduce(0, +))
    }
}
