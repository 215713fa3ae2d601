import FoundationEssentials
import StorageCore

extension NodeClient {
    /// A call's document: 201 made it, 200 found it, 202 works on it and is followed, then read with `read`.
    func ensured<Document: Decodable & Sendable>(
        _ answer: Answer, _ read: () async throws(StorageError) -> Document
    ) async throws(StorageError) -> Ensured<Document> {
        switch answer.status {
        case 202:
            try await follow(try coder.decode(OperationDocument.self, from: answer.body))
            return Ensured(outcome: .changed, document: try await read())
        case let status:
            let document = try coder.decode(Document.self, from: answer.body)
            return Ensured(outcome: status == 201 ? .changed : .unchanged, document: document)
        }
    }

    /// Waits for the end of a call whose document is of no interest.
    func finished(_ answer: Answer) async throws(StorageError) {
        guard answer.status == 202 else { return }
        try await follow(try coder.decode(OperationDocument.self, from: answer.body))
    }

    /// How long an operation that has failed may be in the way of its own undoing until nobody waits for it.
    private static let undoPatience = Duration.seconds(10)

    /// Looks at the operation, first often, then every two seconds, until it has ended; throws its error if it failed.
    /// It lasts as long as the work: a daemon that is away for less than `timeout` resumes the work after its restart. What has failed and
    /// cannot be taken back yet is not waited for either.
    package func follow(_ operation: OperationDocument) async throws(StorageError) {
        var operation = operation
        var interval = Duration.milliseconds(50)
        var silence = Duration.zero
        var undoing = Duration.zero
        while true {
            onProgress(operation)
            switch operation.state {
            case .succeeded: return
            case .failed:
                throw operation.error.map(StorageError.init)
                    ?? StorageError(.internal, "the operation \(operation.id) failed without saying why")
            case .running: break
            }
            if let failure = operation.error.map(StorageError.init) {
                undoing += interval
                guard undoing < min(timeout, Self.undoPatience) else {
                    throw StorageError(
                        failure.code, "\(failure.message); undoing it could not be finished yet and goes on by itself",
                        resource: failure.resource)
                }
            }
            do {
                try await Task.sleep(for: interval)
            } catch {
                throw StorageError(.cancelled, "the operation \(operation.id) goes on; nobody follows it any more")
            }
            do {
                operation = try await self.operation(operation.id)
                silence = .zero
            } catch  where error.code == .unavailable && silence < timeout {
                silence += interval
            }
            interval = min(interval * 3 / 2, .seconds(2))
        }
    }
}
