import Glibc
import HostTools
import Logging
import StorageCore

/// A daemon that serves an RPC program on a port that it tells rpcbind.
struct RPCService: Sendable {
    let tool: Tool
    let program: UInt32
    /// Where clients' firewalls expect it; nil if that is nowhere in particular.
    let port: UInt16?

    func isServed(at ports: Set<UInt16>) -> Bool { port.map { ports == [$0] } ?? !ports.isEmpty }

    /// The port goes before what nfs.conf(5) says, in whichever of its files.
    var arguments: [String] { ["--foreground"] + (port.map { ["--port", "\($0)"] } ?? []) }
}

/// The two daemons that NFSv3 needs beside its server: rpcbind(8), without which NFS-Ganesha does not even start, and
/// rpc.statd(8), without which nobody can lock a file. The host may run them already; then they are left alone.
struct RPCHelpers: Sendable {
    /// What this host did not run and we started; survives us like the server does.
    struct Started: Hashable, Sendable, Codable {
        var rpcbind: ProcessIdentity?
        var statd: ProcessIdentity?
    }

    let rpcbind: Tool
    let statd: Tool
    /// Of rpc.statd.
    let statusMonitorPort: UInt16?
    let outputFile: String
    let logger: Logger
    let portMapper = PortMapper()

    /// Ensures rpcbind answers; throws `unavailable` if it cannot be brought to. A statd that cannot be started costs
    /// only locks, so that is logged. Starting one blocks the caller's executor for a moment.
    func ensure(
        _ known: Started, isolation: isolated (any Actor)? = #isolation
    ) async throws(StorageError) -> Started {
        let registrations: [PortMapper.Registration]
        var started = known
        if let answer = await portMapper.registrations() {
            registrations = answer
        } else {
            (started.rpcbind, registrations) = try await startPortMapper()
        }
        do throws(StorageError) {
            started.statd = try await ensure(statusMonitor, known: known.statd, among: registrations)
        } catch {
            logger.warning("NFSv3 clients cannot lock files: \(error.message)")
            started.statd = nil
        }
        return started
    }

    var statusMonitor: RPCService {
        RPCService(tool: statd, program: PortMapper.statusMonitor, port: statusMonitorPort)
    }

    /// Starts rpcbind, which does not answer, and answers with what it knows. Throws `unavailable` if it does not answer then either.
    func startPortMapper(
        isolation: isolated (any Actor)? = #isolation
    ) async throws(StorageError) -> (ProcessIdentity, [PortMapper.Registration]) {
        // In the foreground, so that its process is the one that we know. -w keeps the registrations over its
        // restart.
        let process = DetachedProcess(rpcbind, ["-f", "-w"], environment: environment, outputFile: outputFile)
        let identity = try onHost("start rpcbind") { () throws(HostError) in try process.start() }
        logger.notice("started rpcbind, since none ran", metadata: ["pid": "\(identity.pid)"])
        var registrations: [PortMapper.Registration]?
        _ = await poll(for: .seconds(5)) {
            registrations = await portMapper.registrations()
            return registrations != nil
        }
        if let registrations { return (identity, registrations) }
        try? await identity.terminate(grace: .seconds(1))
        throw StorageError(
            .unavailable, "rpcbind was started but does not answer at \(portMapper.socketPath); see \(outputFile)")
    }

    /// Ensures that the program is registered with rpcbind, which has just answered with `registrations`, and accepts connections. Answers the process that
    /// was started for it, by this call or an earlier one; nil if it is not ours. The host's that serves at another port than
    /// it is to, because it was started before its configuration was there, is replaced. Throws `unavailable` if none can
    /// be brought to serve, or one would have to be started and must not yet.
    func ensure(
        _ service: RPCService, known: ProcessIdentity?, among registrations: [PortMapper.Registration],
        mayStart: Bool = true, isolation: isolated (any Actor)? = #isolation
    ) async throws(StorageError) -> ProcessIdentity? {
        let ports = await portMapper.ports(of: service.program, among: registrations)
        if service.isServed(at: ports) { return known }
        // Ours would serve at no other ports if it were started again.
        if let known, !ports.isEmpty,
            try onHost("look at \(service.tool.name)", { () throws(HostError) in try known.isAlive() })
        {
            return known
        }
        let name = service.tool.name
        guard mayStart else {
            throw StorageError(
                .unavailable, "\(name) does not serve, and is started again in a moment; see \(outputFile)")
        }
        let process = DetachedProcess(
            service.tool, service.arguments, environment: environment, outputFile: outputFile)
        let identity = try await onHost("start \(name)") { () async throws(HostError) in
            // One that lost its registration with the rpcbind it was registered at.
            try await known?.terminate(grace: .seconds(2))
            if !ports.isEmpty { try await end(name, at: ports) }
            return try process.start()
        }
        if await poll(for: .seconds(5), { await service.isServed(at: portMapper.ports(of: service.program)) }) {
            logger.notice("started \(name)", metadata: ["pid": "\(identity.pid)"])
            return identity
        }
        let found = await portMapper.ports(of: service.program)
        guard found.isEmpty else {
            logger.warning(
                "\(name) serves at other ports than it is to; see \(outputFile)", metadata: ["ports": "\(found)"])
            return identity
        }
        try? await identity.terminate(grace: .seconds(2))
        throw StorageError(.unavailable, "\(name) was started and does not register with rpcbind; see \(outputFile)")
    }

    /// Ends the host's own programs of that name, which serve at the wrong ports.
    private func end(
        _ name: String, at ports: Set<UInt16>, isolation: isolated (any Actor)? = #isolation
    ) async throws(HostError) {
        logger.notice("\(name) serves at ports that it is not to, and is replaced", metadata: ["ports": "\(ports)"])
        for process in try ProcessSearch.find(executableNamed: name) { try await process.terminate(grace: .seconds(2)) }
    }

    /// Stops those we started, unless another server uses them by now.
    func stop(
        _ started: Started, isolation: isolated (any Actor)? = #isolation
    ) async throws(StorageError) {
        guard started.rpcbind != nil || started.statd != nil, await !portMapper.isInUse() else { return }
        try await onHost("stop rpc.statd") { () async throws(HostError) in
            try await started.statd?.terminate(grace: .seconds(3))
        }
        try await onHost("stop rpcbind") { () async throws(HostError) in
            try await started.rpcbind?.terminate(grace: .seconds(3))
        }
    }

    private var environment: [String: String] { ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"] }
}

/// Asks every 20 ms until `condition` holds; false if it does not within `limit` or the task is cancelled.
func poll(
    for limit: Duration, isolation: isolated (any Actor)? = #isolation, _ condition: () async -> Bool
) async -> Bool {
    let end = ContinuousClock.now + limit
    while true {
        if await condition() { return true }
        guard ContinuousClock.now < end, (try? await Task.sleep(for: .milliseconds(20))) != nil else { return false }
    }
}
