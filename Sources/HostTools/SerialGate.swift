/// Lets one piece of work through at a time, in the order they came. Work that is under way is finished even if the
/// task that asked for it is cancelled, so that nothing is left half-started.
package actor SerialGate {
    private var last: Task<Void, Never>?

    package init() {}

    package func run<Value: Sendable, Failure: Error>(
        _ work: @escaping @Sendable () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let before = last
        let task = Task { () async -> Result<Value, Failure> in
            await before?.value
            do throws(Failure) {
                return .success(try await work())
            } catch {
                return .failure(error)
            }
        }
        last = Task { _ = await task.value }
        return try await task.value.get()
    }
}
