import HighAvailability
import StorageCore
import Testing

/// One node's replication: its copy is current, nobody writes, and the other node is not there.
package protocol ReplicationRig: Sendable {
    associatedtype Subject: Replication

    var replication: Subject { get }

    /// Lets this node write, as whoever serves from it does.
    func serve() async throws
}

/// What every `Replication` does, sentence by sentence of its contract.
package enum ReplicationConformance: String, CaseIterable, Sendable {
    case whatRunsMayBeStartedAgain
    case whoServesMayWrite
    case eachWayMayBeGoneTwice
    case anOutdatedCopyIsPromotedByForceOnly
    case whoMayWriteIsNeitherOutdatedNorGivenUp
    case whoMayWriteDoesNotLeave
    case whoHasLeftTakesPartAgain

    package func check(_ rig: some ReplicationRig) async throws {
        let replication = rig.replication
        switch self {
        case .whatRunsMayBeStartedAgain:
            for _ in 0..<2 { try await replication.start() }
            #expect(await replication.isCurrent)
        case .whoServesMayWrite:
            #expect(await !replication.look().isPrimary)
            try await rig.serve()
            #expect(await replication.look().isPrimary)
        case .eachWayMayBeGoneTwice:
            for _ in 0..<2 { try await rig.serve() }
            for _ in 0..<2 { try await replication.demote() }
            try await rig.serve()
            #expect(await replication.look().isPrimary)
        case .anOutdatedCopyIsPromotedByForceOnly:
            for _ in 0..<2 { try await replication.outdate() }
            #expect(await !replication.isCurrent)
            await #expect(throws: StorageError.self) { try await replication.promote(Occasion()) }
            try await replication.promote(Occasion(isForced: true))
        case .whoMayWriteIsNeitherOutdatedNorGivenUp:
            try await rig.serve()
            await refused { try await replication.outdate() }
            await refused { try await replication.discard() }
            #expect(await replication.isCurrent)
        case .whoMayWriteDoesNotLeave:
            try await rig.serve()
            await refused { try await replication.leave() }
        case .whoHasLeftTakesPartAgain:
            for _ in 0..<2 { try await replication.leave() }
            try await replication.start()
            #expect(await !replication.look().isParted)
            try await rig.serve()
            #expect(await replication.look().isPrimary)
        }
    }

    private func refused(_ body: () async throws -> Void) async {
        let error = await #expect(throws: StorageError.self) { try await body() }
        #expect(error?.code == .conflict)
    }
}

extension Replication {
    fileprivate var isCurrent: Bool {
        get async {
            if case .current = await look().data { true } else { false }
        }
    }
}
