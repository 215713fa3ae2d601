import StorageCore

/// What an operator asks for.
extension FailoverMachine {
    /// Moves the service to the other node. `unchanged` where it is there already or on its way; throws `conflict` with what has to
    /// be done first.
    package mutating func move() throws(StorageError) -> (Outcome, [Action]) {
        switch stage {
        case .demoting(.handOver): return (.unchanged, [])
        case .primary: break
        default:
            guard isPeerServing else {
                throw StorageError(
                    .conflict, "this node is \(role.rawValue) and has nothing to move; see convert2nfs ha status")
            }
            return (.unchanged, [])
        }
        guard let peer else {
            throw StorageError(
                .conflict, "the other node does not answer, so it cannot take the service; see convert2nfs ha status")
        }
        guard peer.isFit else {
            throw StorageError(
                .conflict,
                "\(peer.node) is \(peer.role.rawValue) and cannot take the service; see convert2nfs ha status")
        }
        isMoveAsked = true
        return (.changed, next())
    }

    /// Serves from this node without evidence that the other does not: an operator has made sure of it. `unchanged` if it serves;
    /// throws `conflict` if its storage does not work, or the other node says that it serves.
    package mutating func force() throws(StorageError) -> (Outcome, [Action]) {
        switch stage {
        case .primary, .promoting: return (.unchanged, [])
        case .demoting, .stuck:
            throw StorageError(.conflict, "this node is still letting go of the service; see convert2nfs ha status")
        case .resting, .claiming: break
        }
        if let peer, isPeerServing {
            throw StorageError(
                .conflict, "\(peer.node) is \(peer.role.rawValue); move the service with convert2nfs ha switch")
        }
        if case .failed(let reason) = data { throw StorageError(.conflict, "its storage does not work: \(reason)") }
        let epoch = max(record.seen, peer?.record.seen ?? .none).next
        record.seen = epoch
        obstacle = nil
        stage = .promoting(epoch)
        return (.changed, [.remember(record), .promote(epoch)])
    }
}
