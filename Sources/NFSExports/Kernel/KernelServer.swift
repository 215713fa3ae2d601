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
    private let helpers: RPCHelpers
    private let logger: Logger
    private var known: Record?

    /// What we started, and the next life of the daemon takes over.
    private struct Record: Hashable, Codable {
        var helpers = RPCHelpers.Started()
        var mountd: ProcessIdentity?
        var nfsdcld: ProcessIdentity?
    }

    /// NFS-Ganesha's and the kernel's are the same (RFC 1813, appendix I).
    private static let mountProgram: UInt32 = 100_005

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
        return settings.isShown(by: facts) && text.map { $0 + "\n" } == settings.text ? .serving : .outdated
    }

    /// Whether threads run and mountd answers them.
    func isServing() async throws(StorageError) -> Bool {
        guard let facts = try onHost("look at nfsd", { () throws(HostError) in try control.facts() }), facts.threads > 0
        else { return false }
        // One that lives need not be registered: another that was started beside it has taken that away.
        return await !helpers.portMapper.ports(of: Self.mountProgram).isEmpty
    }

    /// Whether threads run.
    func isRunning() throws(StorageError) -> Bool {
        try onHost("look at nfsd") { () throws(HostError) in try control.facts().map { $0.threads > 0 } ?? false }
    }

    /// Makes all ready but the threads: the filesystems by which the kernel is told things, the settings, the programs.
    func prepare() async throws(StorageError) {
        try await onHost("load the kernel's NFS server") { () async throws(HostError) in
            try Directory.ensure(files.state, mode: 0o700)
            try await runner.output(of: tools.load(["nfsd", "lockd"]))
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

    /// Ensures that the programs beside the server run. `.changed` if one had to be started.
    func mendHelpers() async throws(StorageError) -> Outcome {
        var record = try record()
        record.helpers = try await helpers.ensure(record.helpers)
        record.mountd = try await helpers.ensure(
            RPCService(tool: tools.mountd, program: Self.mountProgram, port: settings.mountdPort), known: record.mountd)
        record.nfsdcld = try await ensureRecovery(record.nfsdcld)
        guard try self.record() != record else { return .unchanged }
        try keep(record)
        return .changed
    }

    /// It keeps which NFSv4 clients may reclaim their locks after a restart. Without it the kernel starts a program for
    /// each, which is slower and does as much.
    private func ensureRecovery(_ started: ProcessIdentity?) async throws(StorageError) -> ProcessIdentity? {
        let runs = try onHost("look for nfsdcld") { () throws(HostError) in
            if let started, try started.isAlive() { return true }
            return try !ProcessSearch.find(executableNamed: tools.nfsdcld.name).isEmpty
        }
        if runs { return started }
        let process = DetachedProcess(
            tools.nfsdcld, ["--foreground"], environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"],
            outputFile: files.helperLog)
        let identity = try onHost("start nfsdcld") { () throws(HostError) in try process.start() }
        // The kernel asks for it only once, when its first thread starts.
        let isListening = await poll(for: .seconds(5)) { (try? HeldFiles.isWatching(identity.pid)) == true }
        if !isListening { logger.warning("nfsdcld does not look for the kernel; see \(files.helperLog)") }
        return identity
    }

    /// Starts the threads; everything is in place. Throws `unavailable` with what rpc.nfsd(8) says if they do not serve.
    func startThreads() async throws(StorageError) {
        try await onHost("start nfsd") { () async throws(HostError) in
            try await runner.output(of: tools.server(isOn: true))
        }
        let answers = await poll(for: .seconds(10)) {
            await LoopbackPort(settings.nfsPort).answers(program: 100_003, version: 3, within: .seconds(2))
        }
        guard answers else {
            throw StorageError(
                .unavailable,
                "nfsd was started and does not answer at port \(settings.nfsPort); see the kernel's log (dmesg)")
        }
        logger.notice(
            "nfsd serves", metadata: ["port": "\(settings.nfsPort)", "threads": "\(settings.threads)"])
    }

    func stopThreads() async throws(StorageError) {
        guard try isRunning() else { return }
        try await onHost("stop nfsd") { () async throws(HostError) in
            try await runner.output(of: tools.server(isOn: false))
        }
    }

    /// Ends what we started beside the server, which does not run any more.
    func stopHelpers() async throws(StorageError) {
        let record = try record()
        try await onHost("stop mountd") { () async throws(HostError) in
            try await record.mountd?.terminate(grace: .seconds(3))
            try await record.nfsdcld?.terminate(grace: .seconds(3))
        }
        try await helpers.stop(record.helpers)
        known = Record()
        try onHost("forget the NFS server") { () throws(HostError) in try DurableFile.remove(files.record) }
    }

    private func record() throws(StorageError) -> Record {
        if let known { return known }
        let bytes = try onHost("read \(files.record)") { () throws(HostError) in
            try DurableFile.read(files.record, limit: 1 << 20)
        }
        // One that cannot be read is as none: what it named is found to run, and taken as the host's.
        let record = bytes.flatMap { try? JSONDecoder().decode(Record.self, from: Data($0)) } ?? Record()
        known = record
        return record
    }

    private func keep(_ record: Record) throws(StorageError) {
        known = record
        guard let data = try? JSONEncoder().encode(record) else { return }
        try onHost("write \(files.record)") { () throws(HostError) in
            try DurableFile.write(Array(data), to: files.record)
        }
    }
}
