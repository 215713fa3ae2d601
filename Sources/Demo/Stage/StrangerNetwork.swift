import Glibc
import HostTools
import NFSClient
import NodeHarness

/// A second network namespace, joined to this one by a pair of virtual interfaces: another machine, as far as NFS can
/// tell. Addresses are of the network for benchmarks (RFC 2544), which nobody routes.
struct StrangerNetwork: Sendable {
    static let nodeAddress = "198.18.0.1"
    static let strangerAddress = "198.18.0.2"
    private let name = "convert2nfs-demo-\(getpid())"
    private let near = "c2n\(getpid())a"
    private let far = "c2n\(getpid())b"
    private let ip: Tool

    /// Makes nothing yet; throws if the host lacks ip(8).
    init() throws {
        let paths: [String] = ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"]
        guard let path = paths.first(where: { access($0, X_OK) == 0 }) else {
            throw HostError.missingTools([MissingTool(name: "ip", package: "iproute2")])
        }
        ip = Tool(name: "ip", path: path)
    }

    func make() async throws {
        try await run("netns", "add", name)
        try await run("link", "add", near, "type", "veth", "peer", "name", far, "netns", name)
        try await run("address", "add", "\(Self.nodeAddress)/30", "dev", near)
        try await run("link", "set", near, "up")
        try await run("-n", name, "address", "add", "\(Self.strangerAddress)/30", "dev", far)
        try await run("-n", name, "link", "set", far, "up")
    }

    /// Ensures it is gone, with its interfaces.
    func remove() async throws {
        guard access("/run/netns/\(name)", F_OK) == 0 else { return }
        try await run("netns", "delete", name)
    }

    /// This program, started there as a client: how it went, and what it says.
    func visit(_ target: NFSConnection.Target) async throws -> (Stranger.Outcome, String) {
        let program = try "\(Executables.directory())/convert2nfs-demo"
        let invocation = Invocation(
            ip, ["netns", "exec", name, program] + Stranger.arguments(target), environment: Executables.environment,
            deadline: .seconds(60))
        let output = try await SystemCommandRunner().run(invocation)
        guard case .exited(let code) = output.status, let outcome = Stranger.Outcome(rawValue: code) else {
            throw Untrue("the stranger \(output.status): \(output.messageTail)")
        }
        return (outcome, String(output.text.prefix { $0 != "\n" }))
    }

    private func run(_ arguments: String...) async throws {
        try await SystemCommandRunner().output(of: Invocation(ip, arguments, deadline: .seconds(20)))
    }
}
