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
    case nobodyWritesOverWhatHeHasNotSeen
    case nothingToGiveBackIsNoFault

    package func check(_ first: any Arbiter, _ second: any Arbiter) async throws {
        let name = try NodeName("a")
        switch self {
        case .theLeaseIsOneNodesAtATime:
            for _ in 0..<2 { #expect(try await first.hold().ahead == nil) }
            await refused(second)
            #expect(await first.isHeld)
        case .whatIsGivenBackIsFreeAtOnce:
            _ = try await first.hold()
            try await first.release()
            #expect(await second.isHeld)
            await refused(first)
        case .whatIsNotAskedForAgainEnds:
            _ = try await first.hold()
            let begin = ContinuousClock.now
            try await eventually { await second.isHeld }
            // Never before its term.
            #expect(ContinuousClock.now - begin > first.term * 0.9)
            await refused(first)
        case .whoIsAheadIsKeptOverTheLease:
            try await first.write(ahead: name, over: try await first.hold())
            #expect(try await second.look().ahead == name)
            try await first.release()
            let note = try await second.hold()
            #expect(note.ahead == name)
            try await second.write(ahead: nil, over: note)
            #expect(try await second.hold().ahead == nil)
        case .whoHasNotTheLeaseWritesNothing:
            let note = try await first.hold()
            await #expect(throws: StorageError.self) { try await second.write(ahead: name, over: note) }
            try await second.release()
            await refused(second)
            #expect(try await first.hold() == note)
        case .nobodyWritesOverWhatHeHasNotSeen:
            let old = try await first.hold()
            try await first.write(ahead: name, over: old)
            try await first.write(ahead: name, over: try await first.hold())
            for late in [nil, name] {
                await #expect(throws: StorageError.self) { try await first.write(ahead: late, over: old) }
            }
            #expect(try await first.hold().ahead == name)
        case .nothingToGiveBackIsNoFault:
            try await first.release()
            #expect(await first.isHeld)
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
