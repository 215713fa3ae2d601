import StorageCore

/// Lets one piece of work through at a time, in the order they came. Work that is under way is finished even if the
/// task that asked for it is cancelled, so that nothing is left half-started.
actor SerialGate {
    private var last: Task<Void, Never>?

    func run<Value: Sendable>(
        _ work: @escaping @Sendable () async throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        let before = last
        let task = Task { () async -> Result<Value, StorageError> in
            await before?.value
            do throws(StorageError) {
                return .success(try await work())
            } catch {
                return .failure(error)
            }
        }
        last = Task { _ = await task.value }
        return try await task.value.get()
    }
}
