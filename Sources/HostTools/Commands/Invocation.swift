/// One run of a tool, as a value: what is run, and what it may take.
package struct Invocation: Hashable, Sendable {
    package let tool: Tool
    package let arguments: [String]
    /// Added to the minimal environment (PATH and LC_ALL=C); nothing of the daemon's own environment is passed on.
    package let environment: [String: String]
    /// When it is killed with its whole process group.
    package let deadline: Duration
    /// For standard output and for standard error, each.
    package let outputLimit: Int
    package let standardInput: [UInt8]

    package init(
        _ tool: Tool, _ arguments: [String], environment: [String: String] = [:], deadline: Duration = .seconds(60),
        outputLimit: Int = 1 << 20, standardInput: [UInt8] = []
    ) {
        self.tool = tool
        self.arguments = arguments
        self.environment = environment
        self.deadline = deadline
        self.outputLimit = outputLimit
        self.standardInput = standardInput
    }

    /// PATH for tools that run others (mkfs.ext4 does not, but `fsck` helpers do), and the C locale, so that what they
    /// say can be parsed.
    package var fullEnvironment: [String: String] {
        ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"].merging(environment) { $1 }
    }
}

/// How a tool ended, and what it said.
package struct CommandOutput: Hashable, Sendable {
    package let status: ExitStatus
    package let standardOutput: [UInt8]
    package let standardError: [UInt8]

    package init(status: ExitStatus, standardOutput: [UInt8] = [], standardError: [UInt8] = []) {
        self.status = status
        self.standardOutput = standardOutput
        self.standardError = standardError
    }

    package var text: String { String(decoding: standardOutput, as: UTF8.self) }

    /// The end of what it said, standard error before standard output: what an operator needs to see of a failure.
    package var messageTail: String {
        let spoken = standardError.isEmpty ? standardOutput : standardError
        let tail = String(decoding: spoken.suffix(2048), as: UTF8.self)
        return tail.split(whereSeparator: \.isNewline).suffix(12).joined(separator: " | ")
    }
}
