import StorageCore

/// What is to be so all the time, and is set right if it is not.
extension PairDriver {
    static let upkeepTicks = 5
    /// Names of what may be wrong.
    static let otherNode = "the other node"

    /// Tries each of it anew; what fails is told, and tried again the next time.
    func keepUp() async {
        await watching("replication") { () async throws(StorageError) in
            if !isToBeSetUp, !hasLeft { try await parts.replication.start() }
        }
        await watching("keepalived") { () async throws(StorageError) in try await parts.address.start() }
        await watching("the service's ports") { () async throws(StorageError) in
            if !machine.report.holdsStorage { try await parts.shut() }
        }
        letWritesGoOn()
    }

    private static let writes = "writes"

    /// They wait where the other copy could not be marked as outdated, nor its node switched off, when it was lost.
    func letWritesGoOn() {
        guard replicationState.isSuspended, machine.role == .primary else { return note(fault: nil, of: Self.writes) }
        guard !isGoingOn else { return }
        isGoingOn = true
        Task {
            await goOn()
            isGoingOn = false
        }
    }

    private func goOn() async {
        let by = await outdateOther()
        guard replicationState.isSuspended, machine.role == .primary else { return }
        guard let by else {
            return note(
                fault:
                    "writes wait: \(parts.otherName) was lost, and nothing vouches for it that it does not serve. Bring it back, or, "
                    + "if you have made sure that it is off: convert2nfs ha promote --other-is-off", of: Self.writes)
        }
        await watching(Self.writes) { () async throws(StorageError) in
            try await parts.replication.resume()
            logger.notice("writes go on without the other node", metadata: ["outdatedBy": "\(by.rawValue)"])
        }
    }

    func watching(_ name: String, _ body: () async throws(StorageError) -> Void) async {
        do throws(StorageError) {
            try await body()
            note(fault: nil, of: name)
        } catch {
            note(fault: "\(name): \(error.message)", of: name)
        }
    }

    /// For the log once, and for whoever asks as long as it is so.
    func note(fault: String?, of name: String) {
        guard faults[name] != fault else { return }
        if let fault { logger.error("\(fault)") } else { logger.notice("\(name): it is well again") }
        faults[name] = fault
    }
}
