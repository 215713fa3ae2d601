import Catalog
import StorageCore

/// What a mutation decided under the lock.
enum Decision<Value: Sendable>: Sendable {
    /// The state asked for is there.
    case unchanged(Value)
    /// The operation is in the journal and is to run on this volume.
    case run(Operation, Volume)
}

extension VolumeManager {
    /// The way of every mutation: lock, decide (which writes the journal), run detached from the caller, wait a while.
    func submit<Value: Sendable>(
        _ keys: Set<VolumeKey>, decide: () async throws(StorageError) -> Decision<Value>,
        result: @escaping @Sendable (VolumeManager) async throws(StorageError) -> Value
    ) async throws(StorageError) -> Work<Value> {
        try requireReady()
        try await acquire(keys)
        let decision: Decision<Value>
        do throws(StorageError) {
            try await settle(keys)
            decision = try await decide()
        } catch {
            lock.release(keys)
            throw error
        }
        switch decision {
        case .unchanged(let value):
            lock.release(keys)
            return .done(value, .unchanged)
        case .run(let operation, let volume):
            return try await run(operation, on: volume, holding: keys, result: result)
        }
    }

    private func run<Value: Sendable>(
        _ operation: Operation, on volume: Volume, holding keys: Set<VolumeKey>,
        result: @escaping @Sendable (VolumeManager) async throws(StorageError) -> Value
    ) async throws(StorageError) -> Work<Value> {
        let completion = Completion<Result<Value, StorageError>>()
        live.begin(operation.id)
        Task {
            let outcome = await self.finish(operation, on: volume, from: .begin, result: result)
            self.lock.release(keys)
            if case .success = outcome { await self.settings.replicate?() }
            self.live.end(operation.id)
            completion.finish(outcome)
        }
        guard let outcome = await completion.value(within: settings.patience, clock: clock) else {
            return .running(live.following(try await catalog.operation(operation.id) ?? operation))
        }
        return .done(try outcome.get(), .changed)
    }

    /// Runs to the end; the caller holds the locks, has put the operation into `live`, and takes it out.
    func finish<Value: Sendable>(
        _ operation: Operation, on volume: Volume, from event: OperationMachine.Event,
        result: @Sendable (VolumeManager) async throws(StorageError) -> Value
    ) async -> Result<Value, StorageError> {
        do {
            let ended = try await executor.run(operation, on: volume, from: event)
            if let failure = ended.failure { return .failure(failure.error) }
            return .success(try await result(self))
        } catch {
            let text = "operation \(operation.id) was left unfinished: \(error)"
            logger.log(level: said.level(.error, for: text, of: operation.id), "\(text)")
            return .failure(error)
        }
    }

    func acquire(_ keys: Set<VolumeKey>) async throws(StorageError) {
        guard await lock.acquire(keys, patience: settings.lockPatience, clock: clock) else {
            try await refuseBusy(keys)
            return
        }
    }

    private func refuseBusy(_ keys: Set<VolumeKey>) async throws(StorageError) {
        if Task.isCancelled { throw StorageError(.cancelled, "the caller went away") }
        let running = try await catalog.unfinishedOperations().first { keys.contains($0.subject) }
        let work = running.map { "operation \($0.id) (\($0.plan.kind), step \($0.step))" } ?? "other work"
        let resource = running?.subject.resource ?? keys.min()?.resource
        throw StorageError(.busy, "\(work) has not ended yet; ask again when it has", resource: resource)
    }
}
