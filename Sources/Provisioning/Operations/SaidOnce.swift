import Catalog
import Logging
import Synchronization

/// What the log has said of an operation, so that one which is tried again every few seconds says each thing once.
final class SaidOnce: Sendable {
    private let said = Mutex<[OperationID: Set<String>]>([:])

    /// `level` for what is said of the operation the first time, then `debug`.
    func level(_ level: Logger.Level, for text: String, of operation: OperationID) -> Logger.Level {
        said.withLock { $0[operation, default: []].insert(text).inserted } ? level : .debug
    }

    /// It has ended.
    func forget(_ operation: OperationID) { said.withLock { _ = $0.removeValue(forKey: operation) } }
}
