/// Where a volume is in its life.
package enum Phase: String, Sendable, Codable, CaseIterable {
    /// Being made; not yet served.
    case creating
    /// Mounted and exported as its record says.
    case ready
    /// Growing; served all the time.
    case resizing
    /// Being removed; not served any more.
    case deleting
    /// The last change of it failed after it had begun; it is served as its record says, its condition says what failed.
    case failed
    /// Making it failed, and undoing that failed too: what is on disk is unknown, it is not served, nothing touches it until an
    /// operator has looked.
    case quarantined

    /// The moves an operation may make.
    package var successors: Set<Phase> {
        switch self {
        case .creating: [.ready, .deleting, .quarantined]
        case .ready: [.resizing, .deleting, .failed, .quarantined]
        case .resizing: [.ready, .deleting, .failed, .quarantined]
        case .deleting: [.quarantined]
        case .failed: [.ready, .resizing, .deleting, .quarantined]
        case .quarantined: [.deleting]
        }
    }

    /// Whether the volume is to be mounted and exported in this phase.
    package var isServed: Bool {
        switch self {
        case .ready, .resizing, .failed: true
        case .creating, .deleting, .quarantined: false
        }
    }
}

/// Whether a volume is as it should be right now, and if not, why.
package struct Condition: Hashable, Sendable, Codable {
    package let abnormal: Bool
    package let message: String

    package static let normal = Condition(abnormal: false, message: "")

    package static func abnormal(_ message: String) -> Condition { Condition(abnormal: true, message: message) }

    private init(abnormal: Bool, message: String) {
        self.abnormal = abnormal
        self.message = message
    }
}
