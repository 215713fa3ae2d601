import HostTools
import Logging
import NFSExports
import StorageCore

extension StorageNode {
    /// The NFS server of a node, and how it is stopped.
    struct Server {
        let exporter: any Exporter
        /// As the node's document calls it.
        let name: String
        /// Ends of its processes, where there are any.
        var exits: AsyncStream<Void>?
        /// Of the kernel's.
        var files: KernelFiles?
        let stop: @Sendable () async throws(StorageError) -> Void
    }

    /// What `server` has to have found of programs.
    static func tools(of server: Configuration.Server) -> [ToolName] {
        switch server {
        case .kernel: KernelTools.names
        case .ganesha, .auto: GaneshaTools.names
        }
    }

    /// Starts nothing. Throws `unavailable` if the host cannot have it.
    static func server(
        _ nfs: Configuration.NFS, state: String, _ tools: Toolbox, logger: Logger
    ) async throws(StorageError) -> Server {
        switch nfs.server {
        case .kernel: try await kernelServer(nfs, state: state, tools, logger: logger)
        case .ganesha, .auto: try ganesha(nfs, state: state, tools, logger: logger)
        }
    }

    private static func ganesha(
        _ nfs: Configuration.NFS, state: String, _ tools: Toolbox, logger: Logger
    ) throws(StorageError) -> Server {
        let settings = try GaneshaSettings(
            nfsPort: nfs.port, mountdPort: nfs.mountdPort, lockManagerPort: nfs.lockManagerPort)
        let server = try GaneshaServer(
            settings: settings, stateDirectory: "\(state)/ganesha", tools: GaneshaTools(tools), logger: logger)
        let exporter = GaneshaExporter(server: server, logger: logger)
        return Server(exporter: exporter, name: "ganesha", exits: exporter.exits) { () async throws(StorageError) in
            try await exporter.stop()
        }
    }

    private static func kernelServer(
        _ nfs: Configuration.NFS, state: String, _ tools: Toolbox, logger: Logger
    ) async throws(StorageError) -> Server {
        let programs: KernelTools
        do throws(HostError) { programs = try KernelTools(tools) } catch {
            throw StorageError(.unavailable, "\(error)")
        }
        guard await KernelServer.exists(programs, SystemCommandRunner()) else {
            throw StorageError(
                .unavailable,
                "this kernel has no NFS server (modprobe nfsd); set nfs.server to ganesha, which needs none")
        }
        let settings = KernelSettings(
            nfsPort: nfs.port, mountdPort: nfs.mountdPort, lockManagerPort: nfs.lockManagerPort,
            statusMonitorPort: nfs.statusMonitorPort)
        let files = KernelFiles(state: "\(state)/nfsd")
        let server = KernelServer(
            settings: settings, files: files, tools: programs, runner: SystemCommandRunner(), logger: logger)
        let exporter = KernelExporter(server: server, logger: logger)
        return Server(exporter: exporter, name: "kernel", files: files) { () async throws(StorageError) in
            try await exporter.stop()
        }
    }
}
