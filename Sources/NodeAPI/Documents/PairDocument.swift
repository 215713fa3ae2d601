import FoundationEssentials
import StorageCore

/// The pair as `GET /v1/ha` shows it, as the node that is asked knows it.
package struct PairDocument: Hashable, Sendable, Codable {
    package struct Member: Hashable, Sendable, Codable {
        package var name: NodeName
        /// Nil while it does not answer.
        package var role: PairRole?
        /// The highest that it knows of; 0 before the first promotion.
        package var epoch: UInt64?
        /// Of its copy of the data.
        package var data: String?
        package var hasAddress: Bool?
    }

    package struct Step: Hashable, Sendable, Codable {
        package var name: String
        package var milliseconds: Int
    }

    /// One time that the node has brought the service up, or taken it down.
    package struct Move: Hashable, Sendable, Codable {
        /// `up` or `down`.
        package var direction: String
        package var epoch: UInt64?
        package var beganAt: Timestamp
        package var milliseconds: Int
        package var steps: [Step]
        package var failure: String?
    }

    /// How far the standby's copy of a volume is.
    package struct Copy: Hashable, Sendable, Codable {
        package var namespace: Namespace
        package var name: VolumeName
        /// The moment that it is of; nil before the first one is whole.
        package var asOf: Timestamp?
        package var lagSeconds: Double?
        package var problem: String?
        /// The other node is copying it from the one that was asked.
        package var isCopying: Bool?
    }

    /// Who serves, if that is known.
    package var primary: NodeName?
    /// Who is to serve while both could.
    package var preferred: NodeName
    /// The node that was asked comes first.
    package var nodes: [Member]
    package var replication: String
    /// Of a copy that is being brought up to date.
    package var syncPercent: Double?
    /// Of each volume, where they are replicated one by one.
    package var copies: [Copy]?
    /// Of the node that was asked; the newest first.
    package var moves: [Move]
    /// What is not as it should be, and what to do about it.
    package var problems: [String]

    package init(_ status: PairStatus) {
        primary = status.primary
        preferred = status.preferred
        nodes = [Member(status.own), status.other.map(Member.init) ?? Member(name: status.otherName)]
        replication = status.replication
        syncPercent = status.syncPercent
        let now = Date()
        copies = status.copies.isEmpty ? nil : status.copies.map { Copy($0, now: now) }
        moves = status.moves.reversed().map(Move.init)
        problems = status.problems.map(\.text)
    }
}

extension PairDocument.Member {
    init(_ report: PairReport) {
        name = report.node
        role = report.role
        epoch = report.record.seen.number
        data = report.data.text
        hasAddress = report.address == .unknown ? nil : report.address == .held
    }
}

extension PairDocument.Copy {
    init(_ copy: CopyStatus, now: Date) {
        namespace = copy.volume.namespace
        name = copy.volume.name
        asOf = copy.asOf.map { Timestamp(Date(timeIntervalSince1970: $0)) }
        lagSeconds = copy.asOf.map { max(0, (now.timeIntervalSince1970 - $0).rounded()) }
        problem = copy.problem
        isCopying = copy.isCopying
    }
}

extension PairDocument.Move {
    init(_ move: ServiceMove) {
        direction = move.direction.rawValue
        epoch = move.epoch?.number
        beganAt = Timestamp(Date(timeIntervalSince1970: move.beganAt))
        milliseconds = move.steps.reduce(0) { $0 + $1.milliseconds }
        steps = move.steps.map { .init(name: $0.name, milliseconds: $0.milliseconds) }
        failure = move.failure
    }
}

extension DataState {
    /// For people.
    package var text: String {
        switch self {
        case .unknown: "not looked at yet"
        case .current(other: .same): "current, and the same on both"
        case .current(other: .outdated): "current, the other's is not"
        case .current(other: .unknown): "current, the other's is not known"
        case .current(other: .followed): "follows the other's"
        case .outdated(let reason): "outdated: \(reason)"
        case .failed(let reason): "failed: \(reason)"
        }
    }
}
