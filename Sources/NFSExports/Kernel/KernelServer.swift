import FoundationEssentials
import HostTools
import Logging
import StorageCore

/// The kernel's NFS server and the programs beside it: rpc.mountd, which tells it who may mount what, rpcbind and
/// rpc.statd for NFSv3, nfsdcld for the recovery of NFSv4. What the host runs already is taken as it is; what we start
/// outlives us. The kernel has one server, so an operator's own exports share it.
///
/// One instance for a host's network namespace. Needs root.
package actor KernelServer {
    /// Its work blocks.
    private nonisolated let executor = BlockingExecutor(label: "nfsd")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    nonisolated let settings: KernelSettings
    nonisolated let files: KernelFiles
    nonisolated let tools: KernelTools
    nonisolated let control: KernelControl
    nonisolated let runner: any CommandRunner
    let helpers: RPCHelpers
    let logger: Logger
    var known: Record?
    /// One mends the helpers at a time.
    let mending = SerialGate()
    var care = Care()
    /// sm-notify at work, after the service has come here.
    var telling: Task<Void, Never>?
    /// The records of locks have just come here with the service.
    var hasMoved = false
    private var restarts = Backoff(shortest: .seconds(60), longest: .seconds(3600))

    package init(
        settings: KernelSettings, files: KernelFiles, tools: KernelTools, runner: any CommandRunner, logger: Logger
    ) {
        self.settings = settings
        self.files = files
        self.tools = tools
        self.runner = runner
        self.logger = logger
        control = KernelControl(directory: files.control)
        helpers = RPCHelpers(
            rpcbind: tools.rpcbind, statd: tools.statd, statusMonitorPort: settings.statusMonitorPort,
            outputFile: files.helperLog, logger: logger)
    }

    /// Whether this kernel has the server, or can load it.
    package static func exists(_ tools: KernelTools, _ runner: any CommandRunner) async -> Bool {
        if hasFilesystem { return true }
        _ = try? await runner.output(of: tools.load(["nfsd"]))
        return hasFilesystem
    }

    private static var hasFilesystem: Bool {
        let list = (try? ControlFile.read("/proc/filesystems")) ?? nil
        return (list ?? "").split(separator: "\n").contains { $0.hasSuffix("\tnfsd") }
    }

    enum Condition: Sendable, Equatable {
        case serving
        /// It runs with other settings.
        case outdated
        case absent
    }

    /// Starts nothing.
    func condition() throws(StorageError) -> Condition {
        guard let facts = try onHost("look at nfsd", { () throws(HostError) in try control.facts() }), facts.threads > 0
        else { return .absent }
        let text = try onHost("read \(files.configuration)") { () throws(HostError) in
            try ControlFile.read(files.configuration)
        }
        guard text.map({ $0 + "\n" }) == settings.text else { return .outdated }
        let unattainable = try record().unattainable
        return settings.isShown(by: facts) || facts.settings == unattainable ? .serving : .outdated
    }

    /// Whether an outdated server may be restarted now. Each restart keeps clients waiting for a grace period, so with whoever sets
    /// it otherwise again and again there is no race.
    var mayRestart: Bool { restarts.isDue(at: .now) }

    func noteRestart() { restarts.note(at: .now) }

    /// Whether threads run.
    func isRunning() throws(StorageError) -> Bool {
        try onHost("look at nfsd") { () throws(HostError) in try control.facts().map { $0.threads > 0 } ?? false }
    }

    /// Whether the kernel's part is there at all.
    func isPrepared() throws(StorageError) -> Bool {
        try onHost("look at nfsd") { () throws(HostError) in try control.facts() != nil }
    }

    /// Makes all ready but the threads: the filesystems by which the kernel is told things, the settings, the programs.
    package func prepare() async throws(StorageError) {
        try await onHost("load the kernel's NFS server") { () async throws(HostError) in
            try Directory.ensure(files.state, mode: 0o700)
            if try control.facts() == nil { try await runner.output(of: tools.load(["nfsd", "lockd"])) }
            try Self.ensureMounted("nfsd", at: files.control)
            try Directory.ensureExists(files.pipes, mode: 0o755)
            try Self.ensureMounted("rpc_pipefs", at: files.pipes)
            try configure()
        }
        _ = try await mendHelpers()
    }

    private static func ensureMounted(_ kind: String, at path: String) throws(HostError) {
        guard try MountPoint.device(at: path) == nil else { return }
        try Mounter.mount(kind, at: path, filesystem: kind, data: "")
    }

    /// The lock manager has no program that would read its part of nfs.conf(5).
    private func configure() throws(HostError) {
        let directory = String(
            files.configuration[..<(files.configuration.lastIndex(of: "/") ?? files.configuration.startIndex)])
        try Directory.ensureExists(directory, mode: 0o755)
        if try ControlFile.read(files.configuration).map({ $0 + "\n" }) != settings.text {
            try DurableFile.write(Array(settings.text.utf8), to: files.configuration, mode: 0o644)
        }
        for (name, value) in [
            ("nlm_tcpport", Int(settings.lockManagerPort)), ("nlm_udpport", Int(settings.lockManagerPort)),
            ("nlm_grace_period", settings.graceSeconds),
        ] {
            let path = "/proc/sys/fs/nfs/\(name)"
            if try ControlFile.read(path) != "\(value)" { try ControlFile.write("\(value)\n", to: path) }
        }
    }

    /// Starts the threads; everything is in place. Throws `unavailable` with what rpc.nfsd(8) says if they do not serve.
    func startThreads() async throws(StorageError) {
        try await beginThreads()
        if try !showsSettings() {
            // Somebody may have started it in the same moment, with other settings.
            try await stopThreads()
            try await beginThreads()
        }
        try await insistOnRecovery()
        try noteUnattainable()
        logger.notice(
            "nfsd serves", metadata: ["port": "\(settings.nfsPort)", "threads": "\(settings.threads)"])
    }

    private func showsSettings() throws(StorageError) -> Bool {
        try onHost("look at nfsd") { () throws(HostError) in try control.facts().map(settings.isShown) ?? false }
    }

    private func beginThreads() async throws(StorageError) {
        try await onHost("start nfsd") { () async throws(HostError) in
            try await runner.output(of: tools.start(scope: settings.pair?.scope))
        }
        let answers = await poll(for: .seconds(10)) {
            await LoopbackPort(settings.nfsPort).answers(program: 100_003, version: 3, within: .seconds(2))
        }
        guard answers else {
            throw StorageError(
                .unavailable,
                "nfsd was started and does not answer at port \(settings.nfsPort); see the kernel's log (dmesg)")
        }
    }

    /// The kernel waits a second for nfsdcld when its first thread starts, and then keeps its clients' records in files of this host, which
    /// do not move with a pair: its clients would lose their locks with the next failover.
    private func insistOnRecovery() async throws(StorageError) {
        guard settings.pair != nil else { return }
        for _ in 0..<3 {
            if try usesRecovery() { return }
            logger.warning("nfsd began without nfsdcld, and is started again")
            try await stopThreads()
            try await beginThreads()
        }
        guard try !usesRecovery() else { return }
        throw StorageError(
            .unavailable,
            "nfsd does not keep its clients' records by nfsdcld, so they would not move with the pair; see dmesg")
    }

    /// The pipe between them is there for as long as the kernel uses it.
    private func usesRecovery() throws(StorageError) -> Bool {
        try onHost("look for nfsd's pipe") { () throws(HostError) in
            try FileFacts.of("\(files.pipes)/nfsd/cld") != nil
        }
    }

    /// It has just been started with what nfs.conf(5) says, twice if need was, and no other start would make anything else of it.
    private func noteUnattainable() throws(StorageError) {
        let facts = try onHost("look at nfsd") { () throws(HostError) in try control.facts() }
        var record = try record()
        record.unattainable = facts.flatMap { settings.isShown(by: $0) ? nil : $0.settings }
        try keep(record)
        guard let facts = record.unattainable else { return }
        logger.warning(
            "nfsd does not show the settings of \(files.configuration); a file that is read after it may say otherwise",
            metadata: [
                "ports": "\(facts.ports.sorted())", "versions": "\(facts.versions.sorted())",
                "lease": "\(facts.leaseSeconds ?? 0)", "grace": "\(facts.graceSeconds ?? 0)",
            ])
    }

    func stopThreads() async throws(StorageError) {
        guard try isRunning() else { return }
        try await onHost("stop nfsd") { () async throws(HostError) in
            try await runner.output(of: tools.stop)
        }
    }

    func record() throws(StorageError) -> Record {
        if let known { return known }
        let bytes = try onHost("read \(files.record)") { () throws(HostError) in
            try DurableFile.read(files.record, limit: 1 << 20)
        }
        // One that cannot be read is as none: what it named is found to run, and taken as the host's.
        let record = bytes.flatMap { try? JSONDecoder().decode(Record.self, from: Data($0)) } ?? Record()
        known = record
        return record
    }

    func keep(_ record: Record) throws(StorageError) {
        guard known != record else { return }
        known = record
        guard let data = try? JSONEncoder().encode(record) else { return }
        try onHost("write \(files.record)") { () throws(HostError) in
            try DurableFile.write(Array(data), to: files.record)
        }
    }
}
