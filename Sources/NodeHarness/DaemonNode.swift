import FoundationEssentials
import HostTools
import NFSClient
import NodeAPI
import StorageCore

/// The real daemon with real storage and a real NFS server, in a directory of its own and on ports of its own: what the
/// integration tests, the demonstration and the benchmarks run on. It can be killed and started again on what it left.
/// Needs root.
package final class DaemonNode: Sendable {
    package struct Options: Sendable {
        package var isSimulated = false
        package var overcommit = 1.0
        /// Where images lie; below `directory` if nil.
        package var images: String?
        /// Another pool, `second`, in a directory below `directory`.
        package var hasSecondPool = false
        package var logLevel = "info"

        package init() {}
    }

    package let directory: String
    package let nfsPort: UInt16
    package let mountdPort: UInt16
    package let apiPort: UInt16
    private let options: Options
    private let binaries: String

    /// Writes the configuration into `directory`, which exists; starts nothing.
    package init(directory: String, options: Options = Options()) throws {
        self.directory = directory
        self.options = options
        binaries = try Executables.directory()
        let ports = try FreePorts.pick(consecutive: [1, 2, 1])
        (nfsPort, mountdPort, apiPort) = (ports[0], ports[1], ports[2])
        try Data(configuration.utf8).write(to: URL(filePath: configurationFile))
    }

    package var root: String { "\(directory)/nfs" }
    package var images: String { options.images ?? "\(directory)/images" }
    package var configurationFile: String { "\(directory)/config.yaml" }
    package var logFile: String { "\(directory)/convert2nfs.log" }
    package var server: ServerAddress { .socket("\(directory)/api.sock") }

    private var configuration: String {
        """
        node: {name: harness, state: \(directory)/state}
        api: {listen: "127.0.0.1:\(apiPort)", socket: \(directory)/api.sock}
        log: {file: \(logFile), errors: \(directory)/convert2nfs_error.log, level: \(options.logLevel)}
        nfs: {server: ganesha, root: \(root), address: 127.0.0.1, port: \(nfsPort), mountdPort: \(mountdPort)}
        pools:
          - {name: default, backend: loop, directory: \(images), overcommit: \(options.overcommit)}
        \(options.hasSecondPool ? "  - {name: second, backend: loop, directory: \(directory)/second}" : "")

        """
    }

    /// Starts the daemon; it is not ready yet.
    package func start() throws -> ProcessIdentity {
        let arguments = ["run", "--config", configurationFile] + (options.isSimulated ? ["--simulate"] : [])
        return try DetachedProcess(
            Tool(name: "convert2nfsd", path: "\(binaries)/convert2nfsd"), arguments,
            environment: Executables.environment,
            outputFile: "\(directory)/daemon.out"
        ).start()
    }

    /// Starts the daemon and waits until it is ready.
    package func startAndWait(deadline: Duration = .seconds(60)) async throws -> ProcessIdentity {
        let process = try start()
        try await waitUntilReady(process, deadline: deadline)
        return process
    }

    /// Throws `unavailable` with the end of the log if the daemon ends instead, or takes longer.
    package func waitUntilReady(_ process: ProcessIdentity, deadline: Duration = .seconds(60)) async throws {
        let end = ContinuousClock.now + deadline
        while true {
            if try await isReady() { return }
            guard try process.isAlive(), ContinuousClock.now < end else {
                throw StorageError(.unavailable, "the daemon did not become ready:\n\(try outputTail())")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// One request to `/readyz`.
    package func isReady() async throws -> Bool {
        do throws(StorageError) {
            try await NodeClient.with(server) { client async throws(StorageError) in
                _ = try await client.ready()
            }
            return true
        } catch {
            return false
        }
    }

    /// Calls the API over the Unix socket.
    package func call<Result: Sendable>(
        _ body: @Sendable (NodeClient) async throws(StorageError) -> Result
    ) async throws(StorageError) -> Result {
        try await NodeClient.with(server, timeout: .seconds(120), body)
    }

    /// Takes the node out of service: no daemon, no NFS server, nothing mounted. Throws if something is in the way.
    package func retire(_ process: ProcessIdentity?) async throws {
        try await process?.terminate(grace: .seconds(20))
        guard !options.isSimulated else { return }
        _ = try await run("convert2nfsd", ["retire", "--config", configurationFile])
    }

    /// Runs one of our programs to its end; throws with its words if it fails.
    package func run(
        _ program: String, _ arguments: [String], deadline: Duration = .seconds(120)
    ) async throws(HostError) -> String {
        let invocation = Invocation(
            Tool(name: program, path: "\(binaries)/\(program)"), arguments,
            environment: ["CONVERT2NFS_SERVER": server.description], deadline: deadline, outputLimit: 16 << 20)
        return try await SystemCommandRunner().output(of: invocation).text
    }

    /// Where a client mounts the volume.
    package func target(
        _ key: VolumeKey, version: NFSConnection.Version = .v3, server: String = "127.0.0.1"
    ) -> NFSConnection.Target {
        NFSConnection.Target(
            server: server, path: "\(root)/\(key.namespace)\(key.name)", version: version, nfsPort: nfsPort,
            mountdPort: mountdPort, deadline: .seconds(60))
    }

    package func outputTail() throws -> String {
        let texts = ["daemon.out", "convert2nfs.log"].map { name in
            (try? String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8)) ?? ""
        }
        return texts.joined().split(separator: "\n").suffix(30).joined(separator: "\n")
    }
}
