import StorageCore

/// What is known when the service is brought up.
package struct Occasion: Hashable, Sendable {
    /// An operator wants it up with what data there is.
    package var isForced = false
    /// The other node is off, whatever it may seem to be.
    package var isOtherOff = false

    package init(isForced: Bool = false, isOtherOff: Bool = false) {
        self.isForced = isForced
        self.isOtherOff = isOtherOff
    }
}

/// One part of the service of a pair, above those it needs. Raising and lowering are idempotent.
package struct ServiceLayer: Sendable {
    package let name: String
    let raise: @Sendable (Occasion) async throws(StorageError) -> Void
    let lower: @Sendable () async throws(StorageError) -> Void

    package init(
        _ name: String, raise: @escaping @Sendable (Occasion) async throws(StorageError) -> Void,
        lower: @escaping @Sendable () async throws(StorageError) -> Void
    ) {
        self.name = name
        self.raise = raise
        self.lower = lower
    }
}

/// All that serves on a node of a pair, from the storage at the bottom to the open port at the top.
package struct ServiceStack: Sendable {
    private let layers: [ServiceLayer]

    package init(_ layers: [ServiceLayer]) { self.layers = layers }

    /// Brings it up, the lowest layer first, and stops at the first that cannot be. Safe to repeat on what is up.
    func raise(_ occasion: Occasion) async -> Passage {
        var passage = Passage()
        for layer in layers where passage.failure == nil {
            await passage.step(layer.name) { () async throws(StorageError) in try await layer.raise(occasion) }
        }
        return passage
    }

    /// What takes longer hangs, and is left behind: a node that cannot let go has to say so.
    private static let patience = Duration.seconds(40)

    /// Takes all down, for an operator. Throws the first failure.
    package func retire() async throws(StorageError) {
        if let failure = await lower().failure { throw failure }
    }

    /// Takes it down, the highest layer first. One that cannot be lowered does not keep what is below it from being tried: so the
    /// service ends although the ports cannot be closed, and a layer refuses by itself while it is in use.
    func lower() async -> Passage {
        var passage = Passage()
        for layer in layers.reversed() {
            await passage.step(layer.name) { () async throws(StorageError) in
                try await within(Self.patience, layer.lower)
            }
        }
        return passage
    }
}

/// How a way up or down went.
struct Passage: Sendable {
    private(set) var steps: [ServiceMove.Step] = []
    /// Of the first step that failed.
    private(set) var failure: StorageError?

    mutating func step(_ name: String, _ body: () async throws(StorageError) -> Void) async {
        let begin = ContinuousClock.now
        do throws(StorageError) { try await body() } catch {
            failure = failure ?? StorageError(error.code, "\(name): \(error)")
        }
        let (seconds, attoseconds) = (ContinuousClock.now - begin).components
        steps.append(.init(name: name, milliseconds: Int(seconds * 1000 + attoseconds / 1_000_000_000_000_000)))
    }
}

/// Runs `body`; throws `unavailable` if it has not ended within `limit`, and leaves it behind then, cancelled.
private func within(
    _ limit: Duration, _ body: @escaping @Sendable () async throws(StorageError) -> Void
) async throws(StorageError) {
    let (results, result) = AsyncStream<Result<Void, StorageError>>.makeStream()
    let work = Task { result.yield(await Result { () async throws(StorageError) in try await body() }) }
    let timer = Task {
        try? await Task.sleep(for: limit)
        result.yield(.failure(StorageError(.unavailable, "it has not ended within \(limit.components.seconds) s")))
    }
    var iterator = results.makeAsyncIterator()
    let first = await iterator.next()
    work.cancel()
    timer.cancel()
    if let first { try first.get() }
}
