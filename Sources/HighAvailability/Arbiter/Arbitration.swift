import StorageCore

/// What a pair with an arbiter has beside the rest.
package struct Arbitration: Sendable {
    package var arbiter: any Arbiter
    package var mandate: MandateKeeper
    /// Ensures that the ports are open for as long as the mandate lasts now, if they are to be open.
    package var extend: @Sendable () async throws(StorageError) -> Void

    package init(
        arbiter: any Arbiter, mandate: MandateKeeper, extend: @escaping @Sendable () async throws(StorageError) -> Void
    ) {
        self.arbiter = arbiter
        self.mandate = mandate
        self.extend = extend
    }
}
