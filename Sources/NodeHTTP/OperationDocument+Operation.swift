import Catalog
import NodeAPI
import StorageCore

extension OperationDocument {
    init(_ operation: Operation) {
        let state: State =
            switch operation.state {
            case .running, .undoing: .running
            case .succeeded: .succeeded
            case .failed: .failed
            }
        self.init(
            id: operation.id.value, kind: operation.plan.kind, resource: operation.resource, state: state,
            step: operation.step, progress: operation.progress?.share,
            error: operation.state == .running ? nil : operation.failure?.error,
            startedAt: Timestamp(operation.startedAt), endedAt: operation.endedAt.map(Timestamp.init))
    }
}
