import StorageCore

/// What an operator asks for.
extension FailoverMachine {
    static let advice = "see convert2nfs ha status"

    /// Moves the service to the other node. `unchanged` where it is there already or on its way; throws `conflict` with what has to
    /// be done first.
    package mutating func move() throws(StorageError) -> (Outcome, [Action]) {
        switch stage {
        case .demoting(.handOver): return (.unchanged, [])
        case .primary: break
        default:
            guard isPeerServing else {
                throw StorageError(.conflict, "this node is \(role.rawValue) and has nothing to move; \(Self.advice)")
            }
            return (.unchanged, [])
        }
        guard let peer else {
            throw StorageError(
                .conflict, "the other node does not answer, so it cannot take the service; \(Self.advice)")
        }
        guard isOtherReady else {
            let lack = record.isAhead ? " and lacks what was written here" : ""
            throw StorageError(
                .conflict, "\(peer.node) is \(peer.role.rawValue)\(lack), and cannot take the service; \(Self.advice)")
        }
        isMoveAsked = true
        return (.changed, next())
    }

    /// The other node could take the service, and lacks nothing; or nothing that it does not get on the way.
    var isOtherReady: Bool {
        guard let peer, peer.isFit else { return false }
        return peer.isFollowing || !record.isAhead
    }

    /// Both nodes have let clients write what the other lacks, and neither serves: whose data counts is for an operator to say.
    package var isParted: Bool {
        record.isAhead && peer?.record.isAhead == true && !report.holdsStorage && !isPeerServing
    }

    /// What was written here and the other node lacks counts no more.
    mutating func disown() -> [Action] {
        record.isAhead = false
        return [.remember(record)]
    }

    /// Makes the node part of a pair whose highest epoch is known, before which it has none.
    mutating func join(_ epoch: Epoch) {
        record.seen = max(record.seen, epoch)
        // The first is that of the set-up: nobody has served under it.
        if epoch.number == 1 { record.data = max(record.data, epoch) }
    }

    /// Serves from this node without evidence that the other does not: an operator has made sure of it. `unchanged` if it serves;
    /// throws `conflict` if its storage does not work, or the other node serves or may begin to in this moment.
    package mutating func force() throws(StorageError) -> (Outcome, [Action]) {
        switch stage {
        case .primary, .promoting: return (.unchanged, [])
        case .demoting, .stuck:
            throw StorageError(.conflict, "this node is still letting go of the service; \(Self.advice)")
        case .resting, .claiming: break
        }
        if let peer, isPeerServing {
            throw StorageError(
                .conflict, "\(peer.node) is \(peer.role.rawValue); move the service with convert2nfs ha switch")
        }
        guard promisedTicks == 0 else {
            throw StorageError(
                .conflict, "the other node was given the service a moment ago; ask again in \(promisedTicks) seconds")
        }
        if case .failed(let reason) = data { throw StorageError(.conflict, "its storage does not work: \(reason)") }
        let actions = promote(highest.next(of: node), isForced: true)
        return (.changed, [.remember(record)] + actions)
    }
}
