import HostTools

/// The programs of this host that the lab runs; `make lab` installs their packages.
struct LabTools: Sendable {
    let tools: Toolbox
    private let runner = SystemCommandRunner()

    /// Throws `missingTools` with what is to be installed.
    init() throws(HostError) {
        tools = try ToolLocator(searchPath: "").locate([
            .qemu, .mmdebstrap, .makeExt4, .tuneExt4, .ip, .depmod, .cpio, .remove, .copy, .ldd, .strip,
        ])
    }

    func tool(_ name: ToolName) throws(HostError) -> Tool { try tools.require(name) }

    @discardableResult
    func run(
        _ name: ToolName, _ arguments: [String], environment: [String: String] = [:], input: String = "",
        deadline: Duration = .seconds(120)
    ) async throws(HostError) -> CommandOutput {
        let invocation = Invocation(
            try tool(name), arguments, environment: environment, deadline: deadline, outputLimit: 16 << 20,
            standardInput: Array(input.utf8))
        return try await runner.output(of: invocation)
    }
}
