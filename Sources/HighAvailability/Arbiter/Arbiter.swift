import StorageCore

/// A third place that knows which node of a pair may serve while they do not reach each other. It gives one lease, to one node at a time,
/// which ends by itself `term` after it was last asked for. All methods have a deadline of a few seconds.
package protocol Arbiter: Sendable {
    /// How long the lease lasts, from the moment at which it was asked for.
    var term: Duration { get }

    /// What another arbiter, or the same under other settings, does not have: the nodes of a pair have to agree in it.
    var identity: String { get }

    /// Ensures that this node has the lease, and answers what is written down. Throws `conflict` if the other node has the lease,
    /// `unavailable` if the arbiter does not answer.
    func hold() async throws(StorageError) -> ArbiterNote

    /// What is written down, whoever has the lease.
    func look() async throws(StorageError) -> ArbiterNote

    /// Ensures that this node has not got the lease, so that the other need not wait for its end.
    func release() async throws(StorageError)

    /// Writes down, durably, which node's copy alone counts, or that both do, in the place of `note`. Throws `conflict` if this node has
    /// not got the lease, or something else is written down by now.
    func write(ahead node: NodeName?, over note: ArbiterNote) async throws(StorageError)
}

/// What an arbiter keeps under no lease.
package struct ArbiterNote: Hashable, Sendable {
    /// The node that has gone on alone, if any.
    package var ahead: NodeName?
    /// Of each writing, another one.
    package var version: String

    package init(ahead: NodeName?, version: String) {
        self.ahead = ahead
        self.version = version
    }
}
