import StorageCore

/// A piece of work as `GET /v1/operations/{id}` shows it: what a 202 answers, to be followed to its end.
package struct OperationDocument: Hashable, Sendable, Codable {
    package enum State: String, Sendable, Codable, CaseIterable {
        case running
        case succeeded
        case failed
    }

    package var id: String
    /// What it does: `volume.create`, `snapshot.delete`…
    package var kind: String
    /// What it is about, as a path below `/v1/`: `volumes/shop/data`.
    package var resource: String
    package var state: State
    /// What it does now, or did last; null before the first step.
    package var step: String?
    /// 0 to 1; absent where it cannot be known.
    package var progress: Double?
    /// Why it failed, from the moment on at which it is taken back; absent otherwise.
    package var error: ProblemDocument?
    package var startedAt: Timestamp
    /// Absent while it runs.
    package var endedAt: Timestamp?

    package init(
        id: String, kind: String, resource: String, state: State, step: String? = nil, progress: Double? = nil,
        error: StorageError? = nil, startedAt: Timestamp, endedAt: Timestamp? = nil
    ) {
        self.id = id
        self.kind = kind
        self.resource = resource
        self.state = state
        self.step = step
        self.progress = progress
        self.error = error.map(ProblemDocument.init)
        self.startedAt = startedAt
        self.endedAt = endedAt
    }
}
