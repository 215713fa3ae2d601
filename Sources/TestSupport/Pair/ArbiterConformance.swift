import HighAvailability
import StorageCore
import Testing

/// What every `Arbiter` does, sentence by sentence of its contract. `first` and `second` are two nodes' ways to one arbiter that has not
/// been asked for anything yet.
package enum ArbiterConformance: String, CaseIterable, Sendable {
    case theLeaseIsOneNodesAtATime
    case whatIsGivenBackIsFreeAtOnce
    case whatIsNotAskedForAgainEnds
    case whoIsAheadIsKeptOverTheLease
    case whoHasNotTheLeaseWritesNothing
    case nothingToGiveBackIsNoFault

    package func check(_ first: any Arbiter, _ second: any Arbiter) async throws {
        let name = try NodeName("a")
        switch self {
        case .theLeaseIsOneNodesAtATime:
            for _ in 0..<2 { #expect(try await first.hold() == nil) }
            await refused(second)
            #expect(try await first.hold() == nil)
        case .whatIsGivenBackIsFreeAtOnce:
            _ = try await first.hold()
            try await first.release()
            #expect(try await second.hold() == nil)
            await refused(first)
        case .whatIsNotAskedForAgainEnds:
            _ = try await first.hold()
            let begin = ContinuousClock.now
            try await eventually { await second.isHeld }
            // Never before its term.
            #expect(ContinuousClock.now - begin > first.term * 0.9)
            await refused(first)
        case .whoIsAheadIsKeptOverTheLease:
            _ = try await first.hold()
            try await first.note(ahead: name)
            try await first.release()
            #expect(try await second.hold() == name)
            try await second.note(ahead: nil)
            #expect(try await second.hold() == nil)
        case .whoHasNotTheLeaseWritesNothing:
            _ = try await first.hold()
            await #expect(throws: StorageError.self) { try await second.note(ahead: name) }
            try await second.release()
            await refused(second)
            #expect(try await first.hold() == nil)
        case .nothingToGiveBackIsNoFault:
            try await first.release()
            #expect(try await first.hold() == nil)
        }
    }

    private func refused(_ arbiter: any Arbiter) async {
        let error = await #expect(throws: StorageError.self) { _ = try await arbiter.hold() }
        #expect(error?.code == .conflict)
    }
}

extension Arbiter {
    /// Whether this node gets the lease.
    package var isHeld: Bool {
        get async {
            do { _ = try await hold() } catch { return false }
            return true
        }
    }
}
