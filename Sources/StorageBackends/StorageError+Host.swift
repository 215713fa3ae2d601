import Glibc
import HostTools
import StorageCore

extension StorageError {
    /// What went wrong at the host, as an operator needs to hear it: `action` says what was being done. The only place
    /// where the backends and filesystems map one to the other.
    init(host error: HostError, _ action: String) {
        switch error {
        case .cancelled:
            self.init(.cancelled, "the work was cancelled: \(action)")
        case .timedOut(action, _):
            self.init(.unavailable, "\(error)")
        case .missingTools, .timedOut, .stillRunning:
            self.init(.unavailable, "\(action): \(error)")
        case .systemCall(_, let number, _) where [ENOSPC, EDQUOT, EFBIG].contains(number):
            self.init(
                .outOfCapacity,
                "\(action): \(error); remove volumes or snapshots, or enlarge the filesystem of the pool")
        case .systemCall(_, EBUSY, _):
            self.init(.busy, "\(action): \(error)")
        case .systemCall(_, let number, _) where [EPERM, EACCES].contains(number):
            self.init(.unavailable, "\(action): \(error); the daemon has to run as root with CAP_SYS_ADMIN")
        case .systemCall, .toolFailed, .outputLimitExceeded, .unexpected:
            self.init(.internal, "\(action): \(error)")
        }
    }
}

extension BlockingWork {
    /// `run`, with both kinds of errors as a `StorageError`.
    func perform<Value: Sendable>(
        _ action: String, on subject: String? = nil, deadline: Duration? = nil,
        ifLate: (@Sendable (Value) -> Void)? = nil,
        _ body: @escaping @Sendable (CancellationToken) throws -> Value
    ) async throws(StorageError) -> Value {
        let undo = ifLate.map { ifLate in
            { @Sendable (result: Result<Value, StorageError>) in
                if case .success(let value) = result { ifLate(value) }
            }
        }
        let result: Result<Result<Value, StorageError>, HostError>
        do {
            result = .success(
                try await run(action, on: subject, deadline: deadline, ifLate: undo) { token throws(HostError) in
                    do {
                        return .success(try body(token))
                    } catch let error as HostError {
                        return .failure(StorageError(host: error, action))
                    } catch {
                        return .failure(.wrap(error))
                    }
                })
        } catch {
            result = .failure(error)
        }
        switch result {
        case .success(let answer): return try answer.get()
        case .failure(let error): throw StorageError(host: error, action)
        }
    }
}
