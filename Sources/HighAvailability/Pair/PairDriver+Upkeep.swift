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
        await watching("the service's own files") { () async throws(StorageError) in
            if machine.role == .primary { try await parts.lookAtRoom() }
        }
        watchPlace()
        letWritesGoOn()
    }

    /// Clients reach who serves only where the address is, and nowhere else. For a moment it may be otherwise while the service moves.
    private func watchPlace() {
        let fault = misplacement
        let isLasting = fault == displaced
        displaced = fault
        note(fault: isLasting ? fault : nil, of: Self.place)
    }

    private var misplacement: String? {
        if machine.leavingTicks > 0 {
            return
                "this node got the service address although \(parts.otherName) serves, and has left it to that: see whether both nodes hear each "
                + "other in the clients' network (VRRP, protocol 112), and whether clients reach \(parts.otherName)"
        }
        guard machine.role == .primary else { return nil }
        switch machine.report.address {
        case .held, .unknown: return nil
        case .fault:
            return
                "this node serves without the service address, since keepalived finds a fault: see the interface's link (ip link), and what "
                + "keepalived says"
        case .notHeld:
            return
                "this node serves without the service address: see whether keepalived runs, and whether another machine has its routerID"
        }
    }

    private static let place = "the service address"
    private static let ways = "the ways to the other node"

    /// Until the task is cancelled. One that is lost shows in nothing else as long as the other carries on; one that is slow for once is not.
    func watchWays() async {
        var before: [String] = []
        repeat {
            let silent = await parts.peer.silentWays(
                PairMessage(.report, report: machine.report), within: .seconds(2))
            let lasting = silent.filter(before.contains)
            before = silent
            note(
                fault: lasting.isEmpty
                    ? nil
                    : "\(parts.otherName) is not reached at \(lasting.joined(separator: ", ")): see the links, switches and firewalls between",
                of: Self.ways)
        } while (try? await clock.sleep(for: .seconds(Self.upkeepTicks))) != nil
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
