import HostTools
import Logging
import StorageCore

extension GaneshaServer {
    /// What was found.
    enum Condition: Sendable, Equatable {
        /// It runs, answers, and was started with the configuration that is wanted.
        case serving
        /// It runs with another configuration, whose differing lines these are.
        case outdated([String])
        /// It does not run, or only in part.
        case absent(String)
    }

    /// Looks at the processes and asks the server, starting nothing. Throws `unavailable` if the server runs but does
    /// not answer over its bus: it may still serve its clients. One that answers neither there nor at the clients' port
    /// for as long as `patience` says is killed, and `absent` then.
    func condition() async throws(StorageError) -> Condition {
        let record = try record()
        guard let server = record.server, try isAlive(server) else { return .absent("no server runs") }
        guard let busProcess = record.bus, try isAlive(busProcess) else { return .absent("its bus does not run") }
        do throws(BusError) {
            let owner = try await bus.serverProcess(within: patience.busAnswer)
            guard owner == server.pid else { return .absent("it is not on its bus") }
            // The bus knows only who is connected; whether it does its work, only the server itself can say.
            _ = try await bus.exportIDs(within: patience.busAnswer)
        } catch {
            if error.isSlow { return try await judge(server, error) }
            guard error.isAbsence else { throw error.storageError("ask the NFS server") }
            return .absent("its bus does not answer: \(error)")
        }
        silence = Silence()
        watch(server, "NFS-Ganesha")
        watch(busProcess, "the bus of NFS-Ganesha")
        guard record.configuration == configuration.main else {
            return .outdated(difference(record.configuration, configuration.main))
        }
        return .serving
    }

    /// What to think of a server that is alive and did not answer over its bus.
    private func judge(_ server: ProcessIdentity, _ error: BusError) async throws(StorageError) -> Condition {
        let settings = configuration.settings
        let answersClients = await LoopbackPort(settings.nfsPort).answers(
            program: GaneshaSettings.nfsProgram, version: settings.versions.contains(.v3) ? 3 : 4,
            within: patience.clientAnswer)
        let waitsInKernel = try onHost("look at NFS-Ganesha") { () throws(HostError) in try server.waitsInKernel() }
        guard !answersClients, !waitsInKernel else {
            silence = Silence()
            throw StorageError(
                .unavailable,
                answersClients
                    ? "NFS-Ganesha (process \(server.pid)) serves its clients and cannot be managed: \(error)"
                    : "NFS-Ganesha (process \(server.pid)) does not answer; it waits for a device or a frozen filesystem"
            )
        }
        guard silence.look(at: server, now: .now, patience: patience) else {
            throw StorageError(
                .unavailable,
                "NFS-Ganesha (process \(server.pid)) answers neither its bus nor its clients, \(silence.looks) times in a row; "
                    + "it is replaced if it goes on so for \(patience.silence)")
        }
        logger.error(
            "NFS-Ganesha hangs: it answers neither its bus nor its clients, and is killed",
            metadata: ["pid": "\(server.pid)", "looks": "\(silence.looks)"])
        silence = Silence()
        // SIGTERM does not reach a process that is stopped.
        try await stopProcesses(grace: .zero)
        return .absent("it hung and was killed")
    }

    private func difference(_ old: String, _ new: String) -> [String] {
        let before = Set(old.split(whereSeparator: \.isNewline))
        return new.split(whereSeparator: \.isNewline).filter { !before.contains($0) }.map { line in
            String(line.drop(while: \.isWhitespace))
        }
    }
}
