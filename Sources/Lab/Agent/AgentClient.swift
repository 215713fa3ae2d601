import Glibc
import HostTools
import LabWire

/// Runs programs in a machine over the agent's TCP port: nothing else of the lab speaks to it.
struct AgentClient: CommandRunner {
    let address: String
    private let work = BlockingWork(label: "lab agent")

    /// As for a program of this host; when the deadline is over the program in the machine is killed.
    func run(_ invocation: Invocation) async throws(HostError) -> CommandOutput {
        let address = address
        return try await work.run(invocation.tool.name, deadline: invocation.deadline + .seconds(1)) {
            (token) throws(HostError) in
            let connection = try AgentConnection(to: address, port: 7000, deadline: invocation.deadline, token)
            return try connection.call(invocation)
        }
    }
}
