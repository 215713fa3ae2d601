import HostTools
import StorageCore

extension HostError {
    /// The only place of this target where the operating system's failures become the project's.
    func storageError(_ action: String) -> StorageError {
        switch self {
        case .missingTools, .timedOut, .stillRunning: StorageError(.unavailable, "\(action): \(self)")
        case .toolFailed, .outputLimitExceeded, .systemCall, .unexpected: StorageError(.internal, "\(action): \(self)")
        case .cancelled: StorageError(.cancelled, "\(action): \(self)")
        }
    }
}

/// Calls the operating system and says what for when it fails.
@discardableResult
func onHost<Value>(_ action: String, _ body: () throws(HostError) -> Value) throws(StorageError) -> Value {
    do throws(HostError) {
        return try body()
    } catch {
        throw error.storageError(action)
    }
}

@discardableResult
func onHost<Value>(
    _ action: String, isolation: isolated (any Actor)? = #isolation, _ body: () async throws(HostError) -> Value
) async throws(StorageError) -> Value {
    do throws(HostError) {
        return try await body()
    } catch {
        throw error.storageError(action)
    }
}
