/// Storage that both nodes of a pair reach at once, and that one of them at most may write. One instance for a node. All methods have a
/// deadline, and throw `unavailable` if the storage does not answer, `conflict` if it is another pair's. Needs root.
package protocol SharedStorage: Sendable {
    /// Returns if this node reaches it.
    func probe() async throws(StorageError)

    /// Ensures that there is the service's own volume in it, and runs `body` with its device, which this node alone has meanwhile. Nobody serves
    /// yet: throws `conflict` if the other node has it.
    func make(_ body: @escaping @Sendable (DevicePath) async throws(StorageError) -> Void) async throws(StorageError)

    /// Ensures that this node, and no other, may write. Whoever could before is shut out, which is written down first, and outlives both
    /// nodes. Throws `conflict` if it was opened under a higher epoch, unless it is forced.
    func open(under epoch: Epoch, isForced: Bool) async throws(StorageError)

    /// What this node has of it.
    func look() async throws(StorageError) -> SharedHold

    /// The device of the service's own volume. Throws `notFound` if this node has not opened it.
    func stateDevice() async throws(StorageError) -> DevicePath

    /// What of it has a device here, the service's own volume included. Whether it answers or not.
    func devices() async throws(StorageError) -> [DevicePath]

    /// Ensures that this node has no device of it, and could not write. `busy` while one is in use.
    func close() async throws(StorageError)

    /// Ensures that none of what another has shut out of this node, and is not in use here any more, stays so.
    func readmit() async throws(StorageError)
}

/// What a node has of storage that both reach.
package struct SharedHold: Hashable, Sendable {
    package enum State: Hashable, Sendable {
        case closed
        case open
        /// It was open, and another has opened it since.
        case lost
    }

    package let state: State
    /// The highest that anybody opened it under.
    package let epoch: Epoch

    package init(_ state: State, epoch: Epoch) {
        self.state = state
        self.epoch = epoch
    }
}
