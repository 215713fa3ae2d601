import Catalog
import StorageCore
import Synchronization

/// The operations that this program works on now, and how far their copies are. It is not in the journal: a copy that
/// a crash ends begins anew.
final class LiveOperations: Sendable {
    private struct Entry {
        var progress: CopyProgress?
    }

    private let entries = Mutex<[OperationID: Entry]>([:])

    var ids: Set<OperationID> { entries.withLock { Set($0.keys) } }
    var isEmpty: Bool { entries.withLock { $0.isEmpty } }

    func begin(_ id: OperationID) { entries.withLock { $0[id] = Entry() } }
    func end(_ id: OperationID) { entries.withLock { _ = $0.removeValue(forKey: id) } }

    /// How far the copy of its step is; nil when the step is over.
    func tell(_ progress: CopyProgress?, of id: OperationID) { entries.withLock { $0[id]?.progress = progress } }

    /// The operation with how far it is. One that is done here and on its way to the other node of a pair still runs.
    func following(_ operation: Operation) -> Operation {
        guard let entry = entries.withLock({ $0[operation.id] }) else { return operation }
        var operation = operation
        operation.progress = entry.progress
        if operation.state == .succeeded {
            operation.state = .running
            operation.endedAt = nil
        }
        return operation
    }
}
