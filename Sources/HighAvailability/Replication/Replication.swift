import StorageCore

/// What keeps both nodes' data the same. One instance for a node. All methods have a deadline.
package protocol Replication: Sendable {
    /// Ensures that it runs on this node. Throws `unavailable` with what is missing; then it may be called again.
    func start() async throws(StorageError)

    /// What it says now.
    func look() async -> ReplicationState

    /// Ensures that this node may write. Refuses data that is not current, unless it is forced, and while the other node seems to write,
    /// unless that is off.
    func promote(_ occasion: Occasion) async throws(StorageError)

    /// Ensures that this node does not write. Throws `busy` while the storage is in use.
    func demote() async throws(StorageError)

    /// Marks this node's copy as outdated, durably, so that it is not promoted before it has been brought up to date. Throws
    /// `conflict` if this node may write.
    func outdate() async throws(StorageError)

    /// Lets the writes go on that wait because the other copy could not be marked. Only for a node that serves, and that knows by other
    /// means that the other does not.
    func resume() async throws(StorageError)

    /// Gives up what was written here since both copies went different ways: it takes the other's. Throws `conflict` if they have not, or
    /// this node may write.
    func discard() async throws(StorageError)

    /// Ends the connection so that the other node, which may write, goes on without waiting for anything; this copy is marked as outdated
    /// then. `start` connects again. Throws `conflict` if this node may write.
    func leave() async throws(StorageError)

    /// Ensures that the copies try to connect, where they have given up.
    func reconnect() async throws(StorageError)
}

package struct ReplicationState: Hashable, Sendable {
    package var data: DataState
    /// This node may write now.
    package var isPrimary: Bool
    /// The other node's copy is connected.
    package var isConnected: Bool
    /// So it is, and that node does not write.
    package var isOtherIdle: Bool
    /// Writes wait until somebody makes sure of the other copy.
    package var isSuspended: Bool
    /// Both have written what the other lacks, or may have, and none connects any more.
    package var isParted: Bool
    /// What differs, as far as this node knows.
    package var difference: ByteCount
    /// In its own words.
    package var text: String
    /// Of a copy that is being brought up to date.
    package var syncPercent: Double?
    /// What this node has of storage that both reach.
    package var hold: SharedHold?

    package init(
        data: DataState, isPrimary: Bool = false, isConnected: Bool = false, isOtherIdle: Bool = false,
        isSuspended: Bool = false, isParted: Bool = false, difference: ByteCount = .zero, text: String,
        syncPercent: Double? = nil, hold: SharedHold? = nil
    ) {
        self.data = data
        self.isPrimary = isPrimary
        self.isConnected = isConnected
        self.isOtherIdle = isOtherIdle
        self.isSuspended = isSuspended
        self.isParted = isParted
        self.difference = difference
        self.text = text
        self.syncPercent = syncPercent
        self.hold = hold
    }
}
