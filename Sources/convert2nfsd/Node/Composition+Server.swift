import FoundationEssentials
import HostTools
import Logging
import NFSExports
import StorageBackends
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
        /// Of the kernel's: see `LinuxFilesystem.release`.
        var release: LinuxFilesystem.Release?
        /// Starts what it needs beside it, so that its own start takes less.
        var prepare: (@Sendable () async throws(StorageError) -> Void)?
        /// In a pair, once its volume is mounted: see `KernelServer.bringLockRecords`.
        var bringLockRecords: (@Sendable () async -> Void)?
        /// In a pair, once clients are let in: see `KernelServer.tellLockOwners`.
        var tellLockOwners: (@Sendable (ClientAddress) async -> Void)?
        /// Answers whether it goes on, with what others export.
        let stop: @Sendable () async throws(StorageError) -> Bool

        /// Serves nobody.
        static var nobody: Server {
            Server(exporter: SimulatedExporter(), name: "none") { () async throws(StorageError) in false }
        }
    }

    /// What `server` has to have found of programs.
    static func tools(of server: ServerChoice.Server) -> [ToolName] {
        switch server {
        case .kernel: KernelTools.names
        case .ganesha: GaneshaTools.names
        }
    }

    /// The one that is configured, or has been chosen before, or can be had here. Loads the kernel's if nothing else says which.
    /// Throws `unavailable`, naming the packages to install, if none can be had.
    static func choose(_ choice: ServerChoice, _ locator: ToolLocator) async throws(StorageError) -> ServerChoice.Server
    {
        if let settled = choice.settled { return settled }
        return try ServerChoice.among(
            kernel: await obstacle { () async throws(StorageError) in try await kernelTools(locate(.kernel, locator)) },
            ganesha: await obstacle { () async throws(StorageError) in try GaneshaTools(locate(.ganesha, locator)) })
    }

    /// Starts nothing. Throws `unavailable` if the host cannot have it.
    static func server(
        _ server: ServerChoice.Server, _ nfs: Configuration.NFS, state: String, _ tools: Toolbox, logger: Logger
    ) async throws(StorageError) -> Server {
        switch server {
        case .kernel: try await kernelServer(nfs, state: state, tools, logger: logger)
        case .ganesha: try ganesha(nfs, state: state, tools, logger: logger)
        }
    }

    private static func locate(
        _ server: ServerChoice.Server, _ locator: ToolLocator
    ) throws(StorageError) -> Toolbox {
        do throws(HostError) { return try locator.locate(tools(of: server)) } catch {
            throw StorageError(.unavailable, "\(error)")
        }
    }

    private static func obstacle<Value>(_ body: () async throws(StorageError) -> Value) async -> String? {
        do throws(StorageError) {
            _ = try await body()
            return nil
        } catch {
            return error.message
        }
    }

    /// It is there once NFS-Ganesha has run on the node.
    static func ganeshaDirectory(_ state: String) -> String { "\(state)/ganesha" }

    private static func ganesha(
        _ nfs: Configuration.NFS, state: String, _ tools: Toolbox, logger: Logger
    ) throws(StorageError) -> Server {
        let settings = try GaneshaSettings(
            nfsPort: nfs.port, mountdPort: nfs.mountdPort, lockManagerPort: nfs.lockManagerPort,
            leaseSeconds: UInt8(nfs.lease), graceSeconds: UInt8(nfs.grace))
        let server = try GaneshaServer(
            settings: settings, stateDirectory: ganeshaDirectory(state), tools: GaneshaTools(tools), logger: logger)
        let exporter = GaneshaExporter(server: server, logger: logger)
        return Server(exporter: exporter, name: "ganesha", exits: exporter.exits) { () async throws(StorageError) in
            try await exporter.stop()
            return false
        }
    }

    /// That of a pair, whose state for clients moves with the data in `shared`.
    static func pairServer(
        _ nfs: Configuration.NFS, _ cluster: Configuration.Cluster, state: String, shared: String, _ logger: Logger
    ) async throws(StorageError) -> Server {
        let tools = try locate(.kernel, locator)
        // The same on both nodes.
        let scope = cluster.members.map(\.name.value).sorted().joined(separator: "-")
        return try await kernelServer(
            nfs, state: state, tools,
            pair: .init(
                scope: scope, volume: shared, isMounted: cluster.replication.movesStateVolume), logger: logger)
    }

    private static func kernelServer(
        _ nfs: Configuration.NFS, state: String, _ tools: Toolbox, pair: KernelSettings.Pair? = nil, logger: Logger
    ) async throws(StorageError) -> Server {
        let programs: KernelTools
        do throws(StorageError) { programs = try await kernelTools(tools) } catch {
            throw StorageError(
                error.code,
                "\(error.message); boot one that has it, or set nfs.server to ganesha, which needs none: clients that have "
                    + "mounted volumes have to mount them anew then")
        }
        let settings = KernelSettings(
            nfsPort: nfs.port, mountdPort: nfs.mountdPort, lockManagerPort: nfs.lockManagerPort,
            statusMonitorPort: nfs.statusMonitorPort, leaseSeconds: nfs.lease, graceSeconds: nfs.grace, pair: pair)
        let files = KernelFiles(state: "\(state)/nfsd")
        let server = KernelServer(
            settings: settings, files: files, tools: programs, runner: SystemCommandRunner(), logger: logger)
        let exporter = KernelExporter(server: server, logger: logger)
        let release: LinuxFilesystem.Release = { path in exporter.endRefusals(of: path) }
        return Server(
            exporter: exporter, name: "kernel", files: files, release: release,
            prepare: { () async throws(StorageError) in try await server.prepare() },
            bringLockRecords: { await server.bringLockRecords() },
            tellLockOwners: { await server.tellLockOwners(from: $0) },
            stop: { () async throws(StorageError) in try await exporter.stop() })
    }

    /// Throws `unavailable` if a program is missing, or the kernel's part.
    private static func kernelTools(_ tools: Toolbox) async throws(StorageError) -> KernelTools {
        let programs: KernelTools
        do throws(HostError) { programs = try KernelTools(tools) } catch {
            throw StorageError(.unavailable, "\(error)")
        }
        guard await KernelServer.exists(programs, SystemCommandRunner()) else {
            throw StorageError(.unavailable, "this kernel has no NFS server (modprobe nfsd)")
        }
        return programs
    }
}
