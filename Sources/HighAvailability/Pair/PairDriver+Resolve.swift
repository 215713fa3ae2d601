import StorageCore

/// Two copies that went different ways: what each has, and which goes.
extension PairDriver {
    var isParted: Bool { replicationState.isParted || machine.isParted }

    var stake: PairStake {
        PairStake(
            node: parts.node, isServing: machine.role == .primary, isParted: isParted,
            served: machine.record.served,
            servedSince: moves.last { $0.direction == .up && $0.failure == nil }?.beganAt,
            written: replicationState.difference, isKept: parts.following != nil)
    }

    package func stakes() async -> [PairStake] {
        await lookAtData()
        let reply = await parts.peer.send(PairMessage(.stake, report: machine.report), within: .seconds(5))
        if let answer = reply.answer { hear(answer.report) }
        return [stake, reply.answer?.stake].compactMap(\.self)
    }

    package func discard(_ node: NodeName) async throws(StorageError) {
        let stakes = await stakes()
        guard stakes.count == 2 else {
            throw StorageError(.unavailable, "\(parts.otherName) does not answer, so nothing is given up")
        }
        guard stakes.contains(where: \.isParted) else {
            throw StorageError(
                .conflict, "the copies connect, so there is nothing to give up; \(FailoverMachine.advice)")
        }
        switch node {
        case parts.node:
            try await discardOwn()
            try await ask(.reconnect, within: .seconds(30))
        case parts.otherName:
            try await ask(.discard, within: .seconds(30))
            try await parts.replication.reconnect()
        default:
            throw StorageError(.conflict, "the nodes of this pair are \(parts.node) and \(parts.otherName)")
        }
    }

    /// As it is once it was given up, and what comes then may not have been done: it is asked for again.
    private var isGivenUp: Bool {
        guard case .outdated = replicationState.data else { return false }
        return !machine.record.isAhead
    }

    func discardOwn() async throws(StorageError) {
        guard !machine.report.holdsStorage else {
            throw StorageError(
                .conflict,
                "it serves, or has not let go of the storage: its data is given up only after \"convert2nfsd retire\" there, and "
                    + "\"convert2nfs ha promote --other-is-off\" on \(parts.otherName)")
        }
        guard isParted || isGivenUp else {
            throw StorageError(.conflict, "the copies have not gone different ways, so there is nothing to give up")
        }
        guard case .current = machine.peer?.data else {
            throw StorageError(
                .conflict,
                "the data of \(parts.otherName) is no more than this node's: it was given up, or does not work; \(FailoverMachine.advice)"
            )
        }
        try await parts.replication.discard()
        await lookAtData()
        // Else the other node would wait for this one.
        guard take({ $0.disown() }) != nil else {
            throw StorageError(.unavailable, "this node cannot keep what it has to remember; see its log")
        }
        await disownNote()
    }
}
