import HostTools
import NodeAPI
import StorageCore
import Testing

/// A real etcd of one member, at an address of this machine. It ends with `stop`.
package final class EtcdServer: Sendable {
    package let endpoint: String
    private let directory: TemporaryDirectory
    private let process: ProcessIdentity

    /// Returns once it answers.
    package init(at address: String = "127.0.0.1") async throws {
        directory = try TemporaryDirectory()
        endpoint = "http://\(address):2379"
        let tool = try ToolLocator.ofThisProcess.locate([.etcd]).require(.etcd)
        let server = DetachedProcess(
            tool,
            [
                "--data-dir", "\(directory.path)/data", "--listen-client-urls", endpoint, "--advertise-client-urls",
                endpoint, "--listen-peer-urls", "http://\(address):2380", "--log-level", "error",
            ], environment: [:], outputFile: "\(directory.path)/log")
        process = try server.start()
        let client = EtcdClient(endpoints: [endpoint], timeout: .seconds(1))
        try await eventually("etcd does not answer; see \(directory.path)/log") {
            (try? await client.grantLease(seconds: 1)) != nil
        }
        await client.close()
    }

    package func stop() async throws { try await process.terminate(grace: .zero) }
}
