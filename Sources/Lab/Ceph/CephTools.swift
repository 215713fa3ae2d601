import HostTools

/// The programs of Ceph on this host; `make lab` installs their packages.
struct CephTools: Sendable {
    let configuration: String
    private let tools: Toolbox
    private let runner = SystemCommandRunner()

    init(configuration: String) throws(HostError) {
        self.configuration = configuration
        tools = try ToolLocator(searchPath: "").locate([
            .ceph, .rbd, .rados, .cephMon, .cephMgr, .cephOSD, .cephAuthtool, .monmaptool,
        ])
    }

    func tool(_ name: ToolName) throws(HostError) -> Tool { try tools.require(name) }

    @discardableResult
    func run(_ name: ToolName, _ arguments: [String]) async throws(HostError) -> CommandOutput {
        try await runner.output(
            of: Invocation(
                try tool(name), arguments, environment: ["CEPH_CONF": configuration, "PYTHONWARNINGS": "ignore"],
                deadline: .seconds(60), outputLimit: 16 << 20))
    }
}
