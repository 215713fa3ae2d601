import Subprocess

/// A program that runs beside this one: it is asked by lines on its standard input, and says lines on its standard output. In a session of
/// its own, with the minimal environment that every tool has.
package struct Companion: Sendable {
    private let tool: Tool
    private let arguments: [String]
    /// Of a line that it says, in bytes; a longer one ends it.
    private static let lineLimit = 256 << 20

    package init(_ tool: Tool, _ arguments: [String]) {
        self.tool = tool
        self.arguments = arguments
    }

    /// Runs it until it ends by itself, `questions` do, or the task is cancelled; then it is killed with its process group and reaped.
    /// `hear` gets each line that it says, without its end. Throws `systemCall` if it cannot be started.
    package func run(
        asking questions: AsyncStream<[UInt8]>, hear: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(HostError) {
        let invocation = Invocation(tool, arguments)
        do {
            _ = try await Subprocess.run(
                SystemCommandRunner.configuration(of: invocation), input: .inputWriter, output: .sequence,
                error: .discarded
            ) { execution in
                let (writer, output) = (execution.standardInputWriter, execution.standardOutput)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        for await question in questions { _ = try await writer.write(question + [0x0A]) }
                    }
                    group.addTask {
                        let lines = output.strings(
                            separatedBy: .unicodeScalarSequence(["\n"]), bufferingPolicy: .maxLineLength(Self.lineLimit)
                        )
                        for try await line in lines { hear(Array(line.utf8)) }
                    }
                    // Whichever ends first: nobody asks any more, or nobody answers. The other one ends with the program.
                    let first = await group.nextResult()
                    await execution.teardown(using: SystemCommandRunner.atOnce)
                    group.cancelAll()
                    try first?.get()
                }
            }
        } catch {
            throw SystemCommandRunner.hostError(error, invocation)
        }
    }
}
