import StorageCore
import Synchronization

/// What is known when the service is brought up.
package struct Occasion: Hashable, Sendable {
    /// Under which it is to serve; `none` for what is up already.
    package var epoch = Epoch.none
    /// An operator wants it up with what data there is.
    package var isForced = false
    /// The other node is off, whatever it may seem to be.
    package var isOtherOff = false

    package init(epoch: Epoch = .none, isForced: Bool = false, isOtherOff: Bool = false) {
        self.epoch = epoch
        self.isForced = isForced
        self.isOtherOff = isOtherOff
    }
}

/// One part of the service of a pair, above those it needs. Raising and lowering are idempotent.
package struct ServiceLayer: Sendable {
    package let name: String
    /// Clients hear from the node as long as it is up, and no longer.
    let answers: Bool
    let raise: @Sendable (Occasion) async throws(StorageError) -> Void
    let lower: @Sendable () async throws(StorageError) -> Void

    package init(
        _ name: String, answers: Bool = false,
        raise: @escaping @Sendable (Occasion) async throws(StorageError) -> Void,
        lower: @escaping @Sendable () async throws(StorageError) -> Void
    ) {
        self.name = name
        self.answers = answers
        self.raise = raise
        self.lower = lower
    }
}

/// All that serves on a node of a pair, from the storage at the bottom to the open port at the top.
package struct ServiceStack: Sendable {
    private let layers: [ServiceLayer]
    private let lowering: [Lowering]

    package init(_ layers: [ServiceLayer]) {
        self.layers = layers
        lowering = layers.map { Lowering($0.lower) }
    }

    /// Brings it up, the lowest layer first, and stops at the first that cannot be. Safe to repeat on what is up. What was done for it
    /// `before` is its first step.
    func raise(_ occasion: Occasion, after before: ServiceMove.Step? = nil) async -> Passage {
        var passage = Passage(steps: [before].compactMap(\.self))
        for layer in layers where passage.failure == nil {
            await passage.step(layer.name) { () async throws(StorageError) in try await layer.raise(occasion) }
        }
        return passage
    }

    /// What takes longer hangs, and is left behind: a node that cannot let go has to say so.
    static let patience = Duration.seconds(40)

    /// Takes all down, for an operator. Throws the first failure.
    package func retire() async throws(StorageError) {
        if let failure = await lower().failure { throw failure }
    }

    /// Takes it down, the highest layer first. One that cannot be lowered does not keep what is below it from being tried: so the
    /// service ends although the ports cannot be closed, and a layer refuses by itself while it is in use. Says `silent` once the
    /// layer that answers clients is down, or was tried.
    func lower(within patience: Duration = patience, silent: @Sendable () async -> Void = {}) async -> Passage {
        var passage = Passage()
        for (layer, lowering) in zip(layers, lowering).reversed() {
            await passage.step(layer.name) { () async throws(StorageError) in
                try await lowering.run(within: patience)
            }
            if layer.answers { await silent() }
        }
        return passage
    }
}

/// How a way up or down went.
struct Passage: Sendable {
    private(set) var steps: [ServiceMove.Step] = []
    /// Of the first step that failed.
    private(set) var failure: StorageError?

    init(steps: [ServiceMove.Step] = []) { self.steps = steps }

    mutating func step(_ name: String, _ body: () async throws(StorageError) -> Void) async {
        let begin = ContinuousClock.now
        do throws(StorageError) { try await body() } catch {
            failure = failure ?? StorageError(error.code, "\(name): \(error)")
        }
        steps.append(.init(name, since: begin))
    }
}

extension ServiceMove.Step {
    init(_ name: String, since begin: ContinuousClock.Instant) {
        let (seconds, attoseconds) = (ContinuousClock.now - begin).components
        self.init(name: name, milliseconds: Int(seconds * 1000 + attoseconds / 1_000_000_000_000_000))
    }
}

/// How one layer goes down: never twice at once.
private final class Lowering: Sendable {
    private let body: @Sendable () async throws(StorageError) -> Void
    private let running = Mutex<Task<Result<Void, StorageError>, Never>?>(nil)

    init(_ body: @escaping @Sendable () async throws(StorageError) -> Void) { self.body = body }

    /// Waits for one that was left behind before, or begins. Throws `unavailable` if it has not ended within `limit`, and leaves it
    /// behind then.
    func run(within limit: Duration) async throws(StorageError) {
        let work = running.withLock { running in
            let work = running ?? Task { await Result { [body] () async throws(StorageError) in try await body() } }
            running = work
            return work
        }
        let (results, result) = AsyncStream<Result<Void, StorageError>>.makeStream()
        let waiting = Task {
            let outcome = await work.value
            running.withLock { if $0 == work { $0 = nil } }
            result.yield(outcome)
        }
        let timer = Task {
            try? await Task.sleep(for: limit)
            result.yield(.failure(StorageError(.unavailable, "it has not ended within \(limit.components.seconds) s")))
        }
        defer {
            waiting.cancel()
            timer.cancel()
        }
        var iterator = results.makeAsyncIterator()
        guard let first = await iterator.next() else { throw StorageError(.cancelled, "it was given up") }
        try first.get()
    }
}
