import HostTools
import StorageCore

/// The locks of NFSv3 over a move of the service: rpc.statd(8) keeps who has any in files, which move with the data, and sm-notify(8)
/// tells those clients that the server was restarted, so that they take their locks again. What fails costs them their locks and
/// nothing else, so it is logged.
extension KernelServer {
    /// Ensures that statd keeps its records on the pair's volume, which is mounted. They are its user's, whose number may be another on
    /// each node. Nothing is to be done for a server that does not move.
    package func bringLockRecords() {
        guard let pair = settings.pair else { return }
        do throws(HostError) {
            try Directory.ensure(pair.statusMonitor, mode: 0o700)
            for name in ["sm", "sm.bak"] { try Directory.ensure("\(pair.statusMonitor)/\(name)", mode: 0o700) }
            for path in try Self.all(below: pair.statusMonitor) {
                try Directory.giveToOwner(of: files.lockRecords, path)
            }
            try Self.ensureShown(pair.statusMonitor, at: files.movedRecords)
            if try Self.ensureShown("\(pair.statusMonitor)/sm", at: files.lockRecords) { hasMoved = true }
        } catch {
            logger.warning(
                "rpc.statd's records do not move with the service, so NFSv3 clients may lose locks: \(error)")
        }
    }

    /// Answers whether it was not so yet.
    @discardableResult
    private static func ensureShown(_ directory: String, at path: String) throws(HostError) -> Bool {
        try Directory.ensureExists(path, mode: 0o755)
        guard try MountPoint.device(at: path) == nil else { return false }
        try Mounter.bind(directory, at: path)
        return true
    }

    private static func all(below path: String) throws(HostError) -> [String] {
        var paths = [path]
        for name in ["sm", "sm.bak"] {
            let directory = "\(path)/\(name)"
            paths.append(directory)
            paths += (try Directory.names(in: directory) ?? []).map { "\(directory)/\($0)" }
        }
        // The number that sm-notify counts up.
        let state = "\(path)/state"
        return try FileFacts.of(state) == nil ? paths : paths + [state]
    }

    /// Tells all who had locks at the service that it serves again, once the address is here, which may be moments after the service; it
    /// goes on for a minute at most, until they have heard it. Called once clients are let in.
    package func tellLockOwners(from address: ClientAddress) async {
        // A server that was not started anew has all locks, and would take none back.
        guard settings.pair != nil, hasMoved else { return }
        hasMoved = false
        do throws(StorageError) { try await stopTelling() } catch { logger.warning("\(error)") }
        let telling = Invocation(
            tools.smNotify, ["-d", "-f", "-m", "1", "-v", "\(address)", "-P", files.movedRecords],
            deadline: .seconds(90))
        self.telling = Task { [runner, logger] in
            do throws(HostError) {
                // sm-notify(8) gives up if it cannot send from there.
                try await NetworkInterfaces.wait(for: address.description, within: .seconds(30))
                try await runner.output(of: telling)
            } catch {
                if error != .cancelled {
                    logger.warning("not all NFSv3 clients could be told to take their locks again: \(error)")
                }
            }
        }
    }

    /// It would keep the pair's volume from being unmounted.
    func stopTelling() async throws(StorageError) {
        guard settings.pair != nil else { return }
        telling?.cancel()
        await telling?.value
        telling = nil
        // Of an earlier life of the program.
        try await onHost("stop sm-notify") { () async throws(HostError) in
            let name = tools.smNotify.name
            for process in try ProcessSearch.find(argument: files.movedRecords, executableNamed: name) {
                try await process.terminate(grace: .seconds(1))
            }
        }
    }
}
