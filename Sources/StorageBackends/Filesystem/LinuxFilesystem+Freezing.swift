import HostTools
import StorageCore
import Synchronization

/// FIFREEZE and FITHAW may hang in the kernel for as long as the device below does, cannot be taken back, and do their
/// work when it answers again. So one that was given up stays known until it has ended: what it did then is undone, and
/// meanwhile nothing else is done to that path, which it could undo.
extension LinuxFilesystem {
    package func freeze(_ path: MountPath) async throws(StorageError) -> Outcome {
        try await alone(path, "freezing \(path)") { [freezeGuard] token throws(HostError) in
            try freezeGuard?.begin(path.value)
            let hasChanged = try FilesystemControl.freeze(path.value)
            guard token.isCancelled else { return hasChanged }
            // Whoever asked has given up and will not thaw it.
            if hasChanged { _ = try FilesystemControl.thaw(path.value) }
            throw HostError.cancelled
        } ended: { [freezeGuard, work] result, isLate in
            if case .success(let hasChanged) = result {
                // One that was frozen before is another's, and stays guarded.
                guard isLate, hasChanged else { return }
                let thawed = try? await work.run("thawing \(path)") { _ throws(HostError) in
                    try FilesystemControl.thaw(path.value)
                }
                guard thawed != nil else { return }
            }
            try? await freezeGuard?.end(path.value)
        }
    }

    package func thaw(_ path: MountPath) async throws(StorageError) -> Outcome {
        try await alone(path, "thawing \(path)") { _ throws(HostError) in
            try FilesystemControl.thaw(path.value)
        } ended: { [freezeGuard] result, _ in
            guard case .success = result else { return }
            // A guard that does not end only finds nothing to thaw, later.
            try? await freezeGuard?.end(path.value)
        }
    }

    /// Runs `call` unless another is under way at `path`, which is `unavailable`. `ended` is called once for each call
    /// that was begun, with whether it ended after its deadline, and before the next may begin.
    private func alone(
        _ path: MountPath, _ action: String,
        _ call: @escaping @Sendable (CancellationToken) throws(HostError) -> Bool,
        ended: @escaping @Sendable (Result<Bool, HostError>, _ isLate: Bool) async -> Void
    ) async throws(StorageError) -> Outcome {
        let result: Result<Bool, HostError>?
        do throws(HostError) {
            result = try await work.run(
                action, deadline: freezeDeadline,
                ifLate: { [freezing] (late: Result<Bool, HostError>?) in
                    guard let late else { return }
                    Task {
                        await ended(late, true)
                        freezing.end(path.value)
                    }
                },
                { [freezing] (token) throws(HostError) -> Result<Bool, HostError>? in
                    guard freezing.begin(path.value) else { return nil }
                    return Result { () throws(HostError) in try call(token) }
                })
        } catch {
            throw StorageError(host: error, action)
        }
        guard let result else {
            throw StorageError(
                .unavailable, "\(action): an earlier freeze or thaw of it is under way, and is taken back when it ends")
        }
        await ended(result, false)
        freezing.end(path.value)
        do throws(HostError) {
            return try result.get() ? .changed : .unchanged
        } catch {
            throw StorageError(host: error, action)
        }
    }
}

/// The paths where a freeze or a thaw is under way, awaited or given up.
final class FreezeCalls: Sendable {
    private let paths = Mutex<Set<String>>([])

    /// False if one is under way already.
    func begin(_ path: String) -> Bool { paths.withLock { $0.insert(path).inserted } }

    func end(_ path: String) { paths.withLock { _ = $0.remove(path) } }
}
