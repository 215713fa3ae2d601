import HostTools
import StorageCore

/// The programs beside the server, and what rpcbind knows of them and of the server itself.
extension KernelServer {
    /// What we started, and the next life of the daemon takes over.
    struct Record: Hashable, Codable {
        var helpers = RPCHelpers.Started()
        var mountd: ProcessIdentity?
        var nfsdcld: ProcessIdentity?
        /// What the server showed right after a start, where that is not what it is to show. Another life of the daemon makes no more of it.
        var unattainable: KernelFacts?
        /// What rpcbind knew when all was well.
        var registrations: Set<PortMapper.Registration>?
    }

    /// What is remembered of looks at the helpers, by this life of the daemon.
    struct Care {
        /// By the program's name.
        var tries: [String: Backoff] = [:]
        /// The host's own.
        var nfsdcld: ProcessIdentity?
        var statdFailure: String?
        var unregistered: Set<PortMapper.Registration> = []
    }

    /// NFS, its ACLs, and the mount protocol, the lock manager and the status monitor beside it (RFC 1813, appendices I and II;
    /// rpc(5)).
    private static let programs: [UInt32: String] = [
        100_003: "nfs", 100_227: "nfs_acl", mountProgram: "mountd", 100_021: "nlockmgr",
        PortMapper.statusMonitor: "status",
    ]
    private static let mountProgram: UInt32 = 100_005
    /// Of nfsd itself.
    private static let nfsdPrograms: Set<UInt32> = [100_003, 100_227]

    /// Ensures that the programs beside the server run, and that rpcbind knows them and the server as it did. `.changed` if one had to
    /// be started or told of. Throws `unavailable` if rpcbind or rpc.mountd cannot be brought to serve; one that does not last is not
    /// started at each call.
    func mendHelpers() async throws(StorageError) -> Outcome {
        try await mending.run { () async throws(StorageError) in try await self.mend() }
    }

    private func mend() async throws(StorageError) -> Outcome {
        var record = try record()
        let before = (record.mountd, record.nfsdcld, record.helpers)
        var registered: [PortMapper.Registration]
        if let answer = await helpers.portMapper.registrations() {
            registered = answer
        } else {
            (record.helpers.rpcbind, registered) = try await startPortMapper()
            try keep(record)
        }
        let restored = await restore(record.registrations ?? [], among: registered)
        if restored { registered = await helpers.portMapper.registrations() ?? registered }
        record.helpers.statd = await ensureStatd(record.helpers.statd, among: registered)
        try keep(record)
        let mountd = RPCService(tool: tools.mountd, program: Self.mountProgram, port: settings.mountdPort)
        record.mountd = try await ensure(mountd, record.mountd, among: registered)
        record.nfsdcld = try await ensureRecovery(record.nfsdcld)
        let isChanged = before != (record.mountd, record.nfsdcld, record.helpers)
        if isChanged { registered = await helpers.portMapper.registrations() ?? registered }
        record.registrations = Self.remembered(record.registrations ?? [], with: registered)
        try keep(record)
        return isChanged || restored ? .changed : .unchanged
    }

    // MARK: The port mapper

    /// Each program as it is registered now; as it was, if it is not.
    static func remembered(
        _ old: Set<PortMapper.Registration>, with now: [PortMapper.Registration]
    ) -> Set<PortMapper.Registration> {
        let registered = Set(now.map(\.program))
        return Set(now.filter { programs[$0.program] != nil }).union(
            old.filter { !registered.contains($0.program) })
    }

    /// Tells rpcbind what it has forgotten of those that still serve: another one was started, or somebody else's server has ended and
    /// taken the names of all with it. True if there was any.
    private func restore(
        _ remembered: Set<PortMapper.Registration>, among known: [PortMapper.Registration]
    ) async -> Bool {
        var lost: Set<PortMapper.Registration> = []
        let facts = (try? control.facts()) ?? nil
        let missing = remembered.filter { own in
            !known.contains { own.isServed(by: $0) }
                // One that was started again with other versions is not to be found by the old ones.
                && (!Self.nfsdPrograms.contains(own.program) || facts?.serves(own) == true)
        }
        for program in Set(missing.map(\.program)) {
            let ports = await helpers.portMapper.ports(of: program, among: Array(remembered))
            guard !ports.isEmpty else { continue }
            lost.formUnion(missing.filter { $0.program == program })
        }
        for registration in lost { await helpers.portMapper.register(registration) }
        defer { care.unregistered = lost }
        guard !lost.isEmpty else { return false }
        if lost != care.unregistered {
            let names = Set(lost.compactMap { Self.programs[$0.program] }).sorted().joined(separator: ", ")
            logger.warning("rpcbind did not know \(names) any more, so NFSv3 clients did not find them; told it again")
        }
        return true
    }

    private func startPortMapper() async throws(StorageError) -> (ProcessIdentity, [PortMapper.Registration]) {
        let name = tools.rpcbind.name
        guard tries(name).isDue(at: .now) else {
            throw StorageError(.unavailable, "rpcbind does not answer, and is started again in a moment")
        }
        noteTry(name)
        do throws(StorageError) { return try await helpers.startPortMapper() } catch {
            throw StorageError(.unavailable, error.message)
        }
    }

    // MARK: The programs

    /// One that cannot be started costs NFSv3 clients their locks and nothing else; that is said once.
    private func ensureStatd(
        _ known: ProcessIdentity?, among registered: [PortMapper.Registration]
    ) async -> ProcessIdentity? {
        do throws(StorageError) {
            let process = try await ensure(helpers.statusMonitor, known, among: registered)
            care.statdFailure = nil
            return process
        } catch {
            if care.statdFailure == nil { logger.warning("NFSv3 clients cannot lock files: \(error.message)") }
            care.statdFailure = error.message
            return known
        }
    }

    private func ensure(
        _ service: RPCService, _ known: ProcessIdentity?, among registered: [PortMapper.Registration]
    ) async throws(StorageError) -> ProcessIdentity? {
        let name = service.tool.name
        let isDue = tries(name).isDue(at: .now)
        do throws(StorageError) {
            let process = try await helpers.ensure(service, known: known, among: registered, mayStart: isDue)
            if process != known { noteTry(name) }
            return process
        } catch {
            if isDue { noteTry(name) }
            throw StorageError(.unavailable, error.message)
        }
    }

    /// It keeps which NFSv4 clients may reclaim their locks after a restart. Without it the kernel starts a program for
    /// each, which is slower and does as much.
    private func ensureRecovery(_ started: ProcessIdentity?) async throws(StorageError) -> ProcessIdentity? {
        // Where its records are kept comes with the data.
        if let pair = settings.pair, pair.isMounted, try !isMounted(pair.volume) { return started }
        let runs = try onHost("look for nfsdcld") { () throws(HostError) in
            for known in [started, care.nfsdcld] { if let known, try known.isAlive() { return true } }
            care.nfsdcld = try hostsRecovery()
            return care.nfsdcld != nil
        }
        let name = tools.nfsdcld.name
        guard !runs, tries(name).isDue(at: .now) else { return started }
        noteTry(name)
        try await endOtherRecovery()
        let place = settings.pair.map { ["--storagedir", $0.recovery] } ?? []
        let process = DetachedProcess(
            tools.nfsdcld, ["--foreground"] + place,
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"],
            outputFile: files.helperLog)
        let identity: ProcessIdentity
        do throws(HostError) { identity = try process.start() } catch {
            logger.warning("nfsdcld cannot be started, the kernel does without it: \(error)")
            return started
        }
        // The kernel asks for it only once, when its first thread starts.
        let isListening = await poll(for: .seconds(5)) { (try? HeldFiles.isWatching(identity.pid)) == true }
        if !isListening { logger.warning("nfsdcld does not look for the kernel; see \(files.helperLog)") }
        return identity
    }

    /// One that keeps its records where ours would be kept.
    private func hostsRecovery() throws(HostError) -> ProcessIdentity? {
        let name = tools.nfsdcld.name
        guard let pair = settings.pair else { return try ProcessSearch.find(executableNamed: name).first }
        return try ProcessSearch.find(argument: pair.recovery, executableNamed: name).first
    }

    /// In a pair the host's own keeps its records where they do not move with the data.
    private func endOtherRecovery() async throws(StorageError) {
        guard settings.pair != nil else { return }
        try await onHost("end the host's nfsdcld") { () async throws(HostError) in
            for process in try ProcessSearch.find(executableNamed: tools.nfsdcld.name) {
                logger.notice(
                    "ending the host's nfsdcld, whose records do not move", metadata: ["pid": "\(process.pid)"])
                try await process.terminate(grace: .seconds(2))
            }
        }
    }

    /// Also one that is in no record, since the daemon ended right after it had started it: it would hold what is to move with the data.
    private func stopRecovery(_ record: Record, _ recovery: String) async throws(StorageError) {
        try await onHost("stop nfsdcld") { () async throws(HostError) in
            try await record.nfsdcld?.terminate(grace: .seconds(3))
            for process in try ProcessSearch.find(argument: recovery, executableNamed: tools.nfsdcld.name) {
                try await process.terminate(grace: .seconds(3))
            }
        }
        var left = record
        left.nfsdcld = nil
        care.nfsdcld = nil
        care.tries[tools.nfsdcld.name] = nil
        try keep(left)
    }

    private func tries(_ name: String) -> Backoff {
        care.tries[name] ?? Backoff(shortest: .seconds(2), longest: .seconds(30))
    }

    private func noteTry(_ name: String) {
        var tries = tries(name)
        tries.note(at: .now)
        care.tries[name] = tries
    }

    private func isMounted(_ path: String) throws(StorageError) -> Bool {
        try onHost("look at \(path)") { () throws(HostError) in try MountPoint.device(at: path) != nil }
    }

    /// Ends what we started beside the server, which does not run any more. In a pair that is what moves with the data; the rest is
    /// there when the service comes back.
    func stopHelpers() async throws(StorageError) {
        let record = try record()
        if let pair = settings.pair {
            try await stopTelling()
            return try await stopRecovery(record, pair.recovery)
        }
        try await onHost("stop mountd") { () async throws(HostError) in
            try await record.mountd?.terminate(grace: .seconds(3))
            try await record.nfsdcld?.terminate(grace: .seconds(3))
        }
        try await helpers.stop(record.helpers)
        known = Record()
        care = Care()
        try onHost("forget the NFS server") { () throws(HostError) in try DurableFile.remove(files.record) }
    }
}
