/// What a backend may ask of its caller while it takes a snapshot or a copy, and what it tells.
package struct CopyContext: Sendable {
    package typealias Work = @Sendable () async throws(StorageError) -> Outcome

    private let freeze: @Sendable (Work) async throws(StorageError) -> Outcome
    private let report: @Sendable (CopyProgress) -> Void

    /// `freeze` runs its argument while nobody writes to the source; `report` is told how far a full copy is, often.
    package init(
        freeze: @escaping @Sendable (Work) async throws(StorageError) -> Outcome,
        report: @escaping @Sendable (CopyProgress) -> Void = { _ in }
    ) {
        self.freeze = freeze
        self.report = report
    }

    /// For a source that is not mounted.
    package static let undisturbed = CopyContext { work async throws(StorageError) in try await work() }

    /// Runs `work` while the source's filesystem is frozen: everything that was written is on the device, and nothing
    /// more comes. A pool that holds the moment in another way does without; device-mapper freezes what it suspends by
    /// itself, and cannot suspend what is frozen.
    package func whileFrozen(_ work: Work) async throws(StorageError) -> Outcome { try await freeze(work) }

    package func tell(_ progress: CopyProgress) { report(progress) }
}

/// How far a full copy is.
package struct CopyProgress: Hashable, Sendable {
    package let done: ByteCount
    package let total: ByteCount

    package init(done: ByteCount, total: ByteCount) {
        self.done = done
        self.total = total
    }

    /// 0 to 1; what has nothing to copy is done.
    package var share: Double { total == .zero ? 1 : min(1, Double(done.bytes) / Double(total.bytes)) }
}
