import HostTools
import Logging
import StorageCore

/// Supervises one NFS-Ganesha and the bus it is managed over. Both run in sessions of their own and outlive this
/// process; who they are is written down, so that the next life takes them over. Ganesha ends by itself when its bus
/// does, so the two start and stop together.
///
/// One instance for a state directory. Needs root.
package actor GaneshaServer {
    /// Its work blocks: processes are looked for and started, files are written.
    private nonisolated let executor = BlockingExecutor(label: "ganesha")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    package nonisolated let bus: ManagementBus
    /// An element each time the server or its bus ends without having been asked to. For one consumer.
    package nonisolated let exits: AsyncStream<Void>

    let configuration: GaneshaConfiguration
    let tools: GaneshaTools
    let logger: Logger
    let startDeadline: Duration
    let patience: Patience
    var silence = Silence()
    /// What rpcbind did not know of the server when it was last looked at.
    var unregistered: Set<PortMapper.Registration> = []
    let helpers: RPCHelpers
    private let exited: AsyncStream<Void>.Continuation
    private var known: ServerRecord?
    private var watches: [ProcessIdentity: Task<Void, Never>] = [:]

    /// Starts nothing. Throws `invalidArgument` for a state directory that cannot be one.
    package init(
        settings: GaneshaSettings, stateDirectory: String, tools: GaneshaTools, logger: Logger,
        startDeadline: Duration = .seconds(20), patience: Patience = .init()
    ) throws(StorageError) {
        let files = try GaneshaFiles(directory: stateDirectory)
        configuration = GaneshaConfiguration(
            settings: settings, files: files, pluginDirectory: tools.pluginDirectory)
        self.tools = tools
        self.logger = logger
        self.startDeadline = startDeadline
        self.patience = patience
        bus = ManagementBus(socketPath: files.busSocket)
        helpers = RPCHelpers(
            rpcbind: tools.rpcbind, statd: tools.statd, statusMonitorPort: nil, outputFile: files.helperLog,
            logger: logger)
        (exits, exited) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    deinit {
        for watch in watches.values { watch.cancel() }
        exited.finish()
    }

    var files: GaneshaFiles { configuration.files }

    /// Whether the server's process is alive, whether or not it answers.
    func isRunning() throws(StorageError) -> Bool {
        guard let server = try record().server else { return false }
        return try isAlive(server)
    }

    /// Ensures that neither the server nor its bus nor a helper that we started for them runs: orderly, so that
    /// clients' records are kept for the next start. Clients of a hard mount wait. The volumes can be unmounted after
    /// it.
    package func stop() async throws(StorageError) {
        let helpers = try record().helpers
        for identity in [helpers.rpcbind, helpers.statd].compactMap({ $0 }) { unwatch(identity) }
        try await stopProcesses()
        try await self.helpers.stop(helpers)
        known = ServerRecord()
        try onHost("forget the NFS server") { () throws(HostError) in try DurableFile.remove(files.record) }
    }

    /// Ends the server, its bus, and whatever else runs with our configuration files, as after a kill in the middle of
    /// a start. Each gets `grace` to end by itself.
    func stopProcesses(grace: Duration = .seconds(10)) async throws(StorageError) {
        let record = try record()
        for identity in [record.server, record.bus].compactMap({ $0 }) { unwatch(identity) }
        let strays = try onHost("look for strays") { () throws(HostError) in
            try ProcessSearch.find(argument: files.serverConfiguration, executableNamed: tools.ganesha.name)
                + ProcessSearch.find(argument: busArgument, executableNamed: tools.dbusDaemon.name)
        }
        let targets = [record.server] + strays.map(Optional.some) + [record.bus]
        for identity in targets.compactMap({ $0 }) {
            try await onHost("stop \(identity.executable)") { () async throws(HostError) in
                try await identity.terminate(grace: grace)
            }
        }
    }

    // MARK: For the start

    var busArgument: String { "--config-file=\(files.busConfiguration)" }

    func record() throws(StorageError) -> ServerRecord {
        if let known { return known }
        let loaded = try ServerRecord.load(files.record) ?? ServerRecord()
        known = loaded
        return loaded
    }

    func keep(_ record: ServerRecord) throws(StorageError) {
        known = record
        try record.save(files.record)
    }

    func isAlive(_ identity: ProcessIdentity) throws(StorageError) -> Bool {
        try onHost("look at process \(identity.pid)") { () throws(HostError) in try identity.isAlive() }
    }

    /// Tells `exits` when the process ends. Watching twice is watching once.
    func watch(_ identity: ProcessIdentity, _ name: String) {
        guard watches[identity] == nil else { return }
        watches[identity] = Task { [weak self] in
            guard (try? await identity.waitForExit()) != nil else { return }
            await self?.hasEnded(identity, name)
        }
    }

    private func unwatch(_ identity: ProcessIdentity) { watches.removeValue(forKey: identity)?.cancel() }

    private func hasEnded(_ identity: ProcessIdentity, _ name: String) {
        guard watches.removeValue(forKey: identity) != nil else { return }
        logger.error("\(name) ended unasked", metadata: ["pid": "\(identity.pid)"])
        exited.yield()
    }
}
