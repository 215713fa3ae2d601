/// What went wrong at the operating system. Callers map it to the project's own error in one place each.
package enum HostError: Error, Sendable, Equatable {
    /// Tools this host lacks, all at once, so that one installation mends it.
    case missingTools([MissingTool])
    /// `what` did not end in time. A tool was killed with its whole process group; a system call is left behind on its
    /// own thread.
    case timedOut(what: String, after: Duration)
    /// A call that was given up at its deadline has not ended, and would come in the way of this one.
    case stillRunning(what: String)
    /// A tool ended with another status than success. `message` is the tail of what it said.
    case toolFailed(name: String, status: ExitStatus, message: String)
    /// A tool said more than the invocation allows, and was killed.
    case outputLimitExceeded(name: String, limit: Int)
    case systemCall(name: String, errno: Int32, subject: String)
    /// Something the operating system showed is not what its documentation says, or is not what it has to be.
    case unexpected(String)
    case cancelled
}

package struct MissingTool: Hashable, Sendable {
    package let name: String
    /// What to install, as Debian names it; more than one package separated by spaces.
    package let package: String

    package init(name: String, package: String) {
        self.name = name
        self.package = package
    }
}

package enum ExitStatus: Hashable, Sendable {
    case exited(Int32)
    case signalled(Int32)
}

extension HostError {
    /// The error number, if a system call failed.
    package var errorNumber: Int32? {
        guard case .systemCall(_, let number, _) = self else { return nil }
        return number
    }
}

extension HostError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .missingTools(let tools):
            let names = tools.map(\.name).joined(separator: ", ")
            let packages = Set(tools.flatMap { $0.package.split(separator: " ") }).sorted().joined(separator: " ")
            return "this host lacks \(names); install with: apt-get install \(packages)"
        case .timedOut(let what, let limit): return "\(what) did not end within \(limit)"
        case .stillRunning(let what): return "\(what) was given up and still hangs in the kernel"
        case .toolFailed(let name, let status, let message):
            return "\(name) \(status)" + (message.isEmpty ? "" : ": \(message)")
        case .outputLimitExceeded(let name, let limit): return "\(name) said more than \(limit) bytes"
        case .systemCall(let name, let number, let subject): return "\(name) \(subject): \(errorText(number))"
        case .unexpected(let text): return text
        case .cancelled: return "the work was cancelled"
        }
    }
}

extension ExitStatus: CustomStringConvertible {
    package var description: String {
        switch self {
        case .exited(let code): "ended with status \(code)"
        case .signalled(let number): "was killed by signal \(number)"
        }
    }
}
