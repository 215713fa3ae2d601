import FoundationEssentials
import HostTools
import Logging
import StorageCore

extension GaneshaServer {
    /// Starts the server with `exports` in place before its ports open, after ending what is left of an earlier one.
    /// One attempt: if it fails, nothing of it is left running and the error (`unavailable`) holds the end of the
    /// server's log.
    func start(_ exports: [Export]) async throws(StorageError) {
        let began = ContinuousClock.now
        try await stopProcesses()
        let isFirst = try prepare()
        var record = ServerRecord()
        record.configuration = configuration.main
        record.helpers = try self.record().helpers
        // NFSv4 needs neither port mapper nor lock manager.
        if configuration.settings.versions.contains(.v3) { record.helpers = try await helpers.ensure(record.helpers) }
        try keep(record)
        do throws(StorageError) {
            let bus = try await startBus()
            record.bus = bus
            try keep(record)
            let server = try await startServer(exports, isFirst: isFirst)
            record.server = server
            try keep(record)
            try onHost("mark \(files.served)") { () throws(HostError) in try DurableFile.write([], to: files.served) }
            watch(bus, "the bus of NFS-Ganesha")
            watch(server, "NFS-Ganesha")
            watch(record.helpers)
        } catch {
            try? await stopProcesses()
            throw error
        }
        logger.notice(
            "NFS-Ganesha serves",
            metadata: [
                "pid": "\(record.server?.pid ?? 0)", "port": "\(configuration.settings.nfsPort)",
                "exports": "\(exports.count)", "after": "\(ContinuousClock.now - began)",
            ])
    }

    /// Makes the directories. True if no server has ever been ready in them.
    private func prepare() throws(StorageError) -> Bool {
        try onHost("make \(files.directory)") { () throws(HostError) in
            try Directory.ensure(files.directory, mode: 0o700)
            try Directory.ensure(files.exports, mode: 0o700)
            for name in try Directory.names(in: files.exports) ?? [] {
                try DurableFile.remove("\(files.exports)/\(name)")
            }
            for stale in [files.busSocket, files.serverPID] { try DurableFile.remove(stale) }
            for log in [files.serverLog, files.busLog, files.helperLog, files.serverOutput] {
                try ServerLog.rotate(log)
            }
            try Directory.ensure(files.recovery, mode: 0o700)
            return try FileFacts.of(files.served) == nil
        }
    }

    private func startBus() async throws(StorageError) -> ProcessIdentity {
        let process = DetachedProcess(
            tools.dbusDaemon, [busArgument, "--nofork", "--nopidfile", "--nosyslog"], environment: Self.environment,
            outputFile: files.busLog)
        let identity = try onHost("start the bus of NFS-Ganesha") { () throws(HostError) in
            try DurableFile.write(Array(configuration.bus.utf8), to: files.busConfiguration)
            return try process.start()
        }
        let answers = await poll(for: .seconds(5)) {
            guard (try? identity.isAlive()) == true else { return true }
            return (try? await bus.ping()) != nil
        }
        guard answers, try isAlive(identity) else {
            throw StorageError(
                .unavailable, "the bus of NFS-Ganesha does not answer: \(ServerLog.tail(files.busLog, from: 0))")
        }
        return identity
    }

    private func startServer(_ exports: [Export], isFirst: Bool) async throws(StorageError) -> ProcessIdentity {
        let logStart = ServerLog.size(files.serverLog)
        var environment = Self.environment
        environment["DBUS_SYSTEM_BUS_ADDRESS"] = DBusAddress.unixSocket(files.busSocket)
        // libblkid's cache knows loop devices by the filesystem they had before; the wrong UUID would go into file
        // handles.
        environment["BLKID_FILE"] = "/dev/null"
        let process = DetachedProcess(
            tools.ganesha, ["-F", "-f", files.serverConfiguration, "-L", files.serverLog, "-p", files.serverPID],
            environment: environment, outputFile: files.serverOutput)
        let identity = try onHost("start NFS-Ganesha") { () throws(HostError) in
            let text = configuration.complete(exports, isFirst: isFirst)
            try DurableFile.write(Array(text.utf8), to: files.serverConfiguration)
            return try process.start()
        }
        let isReady = await poll(for: startDeadline) {
            guard (try? identity.isAlive()) == true else { return true }
            return await answers(identity)
        }
        guard isReady, try isAlive(identity) else {
            let state = isReady ? "ended at its start" : "was not ready within \(startDeadline)"
            throw StorageError(
                .unavailable, "NFS-Ganesha \(state): \(ServerLog.tail(files.serverLog, from: logStart))")
        }
        return identity
    }

    /// Its port is open only after all its exports are in place.
    private func answers(_ identity: ProcessIdentity) async -> Bool {
        guard let owner = try? await bus.serverProcess(), owner == identity.pid else { return false }
        guard await LoopbackPort(configuration.settings.nfsPort).isListening() else { return false }
        return (try? await bus.exportIDs()) != nil
    }

    private static var environment: [String: String] {
        ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "HOME": "/"]
    }
}
