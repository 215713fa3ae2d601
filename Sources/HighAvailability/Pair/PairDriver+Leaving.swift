import StorageCore

/// A node that goes down lets the other one go on without it.
extension PairDriver {
    static let left = "this node has left the pair, until its convert2nfsd is started anew"
    private static let leaving = "leaving"

    package func leave() async throws(StorageError) {
        if let peer = machine.peer, peer.role == .promoting || peer.role == .demoting {
            throw StorageError(.conflict, "\(peer.node) is \(peer.role.rawValue): ask again in a moment")
        }
        let before = hasLeft
        // What it could serve it offers nobody from now on.
        hasLeft = true
        await lookAtData()
        do throws(StorageError) {
            guard !machine.report.holdsStorage else {
                throw StorageError(
                    .conflict, "this node serves: move the service first, with \"convert2nfs ha switch\"")
            }
            try await parts.replication.leave()
            guard hasLeft else { throw StorageError(.conflict, "an operator has let this node serve meanwhile") }
        } catch {
            hasLeft = hasLeft && before
            await lookAtData()
            throw error
        }
        note(fault: Self.left, of: Self.leaving)
        await lookAtData()
    }

    /// It serves after all.
    func takePartAgain() {
        hasLeft = false
        note(fault: nil, of: Self.leaving)
    }
}
