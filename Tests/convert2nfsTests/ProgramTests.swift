import Foundation
import NodeAPI
import StorageCore
import TestSupport
import Testing

@testable import convert2nfs

/// The program itself, as a shell would run it.
@Suite("The program", .timeLimit(.minutes(1)))
struct ProgramTests {
    @Test("results go to standard output, and nothing else when it is piped")
    func result() async throws {
        try await ScriptedServer.with(answer: { _ in .json(200, #"{"health":"ok"}"#) }) { server in
            let run = try await run(["health", "--server", "http://127.0.0.1:\(server.port)"])
            #expect(run == Run(status: 0, output: "ok\n", errors: ""))
        }
    }

    @Test("a node's problem is one line on standard error, and its exit status")
    func problem() async throws {
        let reply = try Samples.problem(.notFound)
        try await ScriptedServer.with(answer: { _ in reply }) { server in
            let environment = ["CONVERT2NFS_SERVER": "http://127.0.0.1:\(server.port)"]
            let run = try await run(["volume", "show", "shop/data"], environment: environment)
            #expect(run == Run(status: 66, output: "", errors: "convert2nfs: volumes/shop/data: no\n"))
        }
    }

    @Test("a node that has not started is well, but 69 when readiness is asked for")
    func starting() async throws {
        let starting = try Samples.problem(.unavailable)
        try await ScriptedServer.with(
            answer: { $0.target == "/readyz" ? starting : .json(200, #"{"health":"ok"}"#) }
        ) { server in
            let address = ["--server", "http://127.0.0.1:\(server.port)"]
            let health = try await run(["health"] + address)
            #expect(health.status == 0)
            let readiness = try await run(["health", "--ready"] + address)
            #expect(readiness.status == 69)
        }
    }

    @Test("a node that is not there is 69, with what to look at")
    func unavailable() async throws {
        let run = try await run(["health", "--server", "unix:///nonexistent/convert2nfs.sock"])
        #expect(run.status == 69)
        #expect(run.output.isEmpty)
        #expect(
            run.errors
                == "convert2nfs: there is no socket /nonexistent/convert2nfs.sock; is convert2nfsd running here? "
                + "If it runs elsewhere, use --server\n")
    }

    @Test("a node that keeps silent is 69 after the timeout")
    func silent() async throws {
        try await ScriptedServer.with(answer: { _ in .silence }) { server in
            let run = try await run(["health", "--timeout", "0.3", "--server", "http://127.0.0.1:\(server.port)"])
            #expect(run.status == 69)
            #expect(run.errors.contains("did not answer within 0.3 s"))
        }
    }

    @Test("a result that cannot be written is 74, and said")
    func fullDisk() async throws {
        try await ScriptedServer.with(answer: { _ in .json(200, #"{"health":"ok"}"#) }) { server in
            let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
            let arguments = ["health", "--server", "http://127.0.0.1:\(server.port)"]
            let run = try await finish(try start(arguments, output: full))
            #expect(run.status == 74)
            #expect(run.errors == "convert2nfs: the result cannot be written: No space left on device\n")
        }
    }

    @Test("a wrong command line is 64, on standard error")
    func usage() async throws {
        let run = try await run(["volume", "create", "data", "--size", "1Gi"])
        #expect(run.status == 64)
        #expect(run.output.isEmpty)
        #expect(run.errors.hasPrefix("convert2nfs: "))
        #expect(run.errors.contains("a volume is written NAMESPACE/NAME"))
        #expect(run.errors.contains("Usage: convert2nfs volume create"))
    }

    @Test(
        "help and completions are results",
        arguments: [["--help"], ["volume", "--help"], ["help", "volume"], ["--generate-completion-script", "bash"]])
    func help(arguments: [String]) async throws {
        let run = try await run(arguments)
        #expect(run.status == 0)
        #expect(run.output.contains("volume"))
        #expect(run.errors.isEmpty)
    }

    @Test("a token file that is missing is 66, an empty one 65")
    func tokens() async throws {
        let missing = try await run(["health", "--token-file", "/nonexistent/token"])
        #expect(missing.status == 66)
        let message = "convert2nfs: the token file /nonexistent/token cannot be read: No such file or directory\n"
        #expect(missing.errors == message)
        let empty = try await run(["health", "--token-file", "/dev/null"])
        #expect(empty.status == 65)
    }

    @Test("an interrupt ends it, whatever it waits for")
    func interrupt() async throws {
        try await ScriptedServer.with(answer: { _ in .silence }) { server in
            let process = try start(["health", "--server", "http://127.0.0.1:\(server.port)"])
            while server.requests.isEmpty {
                try Task.checkCancellation()
                await Task.yield()
            }
            process.process.interrupt()
            let run = try await finish(process)
            #expect(run.status == SIGINT)
        }
    }

    private struct Run: Equatable {
        let status: Int32
        let output: String
        let errors: String
    }

    private struct Started {
        let process: Process
        let output: Pipe
        let errors: Pipe
    }

    private func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Run {
        try await finish(try start(arguments, environment: environment))
    }

    private func start(_ arguments: [String], environment: [String: String] = [:], output: FileHandle? = nil) throws
        -> Started
    {
        let tests = URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        let process = Process()
        process.executableURL = tests.deletingLastPathComponent().appending(path: "convert2nfs")
        process.arguments = arguments
        process.environment = environment
        let started = Started(process: process, output: Pipe(), errors: Pipe())
        if let output { process.standardOutput = output } else { process.standardOutput = started.output }
        process.standardError = started.errors
        try process.run()
        // Process closes the writing end only of a pipe it was given; reading the other would never end.
        if output != nil { try started.output.fileHandleForWriting.close() }
        return started
    }

    private func finish(_ started: Started) async throws -> Run {
        await withCheckedContinuation { continuation in
            Thread {
                let output = started.output.fileHandleForReading.readDataToEndOfFile()
                let errors = started.errors.fileHandleForReading.readDataToEndOfFile()
                started.process.waitUntilExit()
                continuation.resume(
                    returning: Run(
                        status: started.process.terminationStatus, output: String(decoding: output, as: UTF8.self),
                        errors: String(decoding: errors, as: UTF8.self)))
            }.start()
        }
    }
}
