import StorageCore
import Synchronization
import TestSupport
import Testing

@testable import HighAvailability

/// A hundred times as fast as the real one.
struct FastClock: Clock {
    func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {
        try await ContinuousClock().sleep(for: (deadline - ContinuousClock.now) / 100)
    }
    var now: ContinuousClock.Instant { ContinuousClock.now }
    var minimumResolution: Duration { ContinuousClock().minimumResolution }
}

/// The node `a` of a pair, with everything around it made up.
final class World: PairPeer, Replication, Fence {
    struct State {
        var data = DataState.current(other: .same)
        var isPrimary = false
        var isConnected = false
        var looks = 0
        var isOtherIdle = false
        var isSuspended = false
        var isParted = false
        /// Looks as if they had parted, too: the connection is not tried any more.
        var hasLeft = false
        var discards = 0
        var resumptions = 0
        var shuttings = 0
        var address = AddressState.notHeld
        var told: [FailoverMachine.Fitness] = []
        var answer: PairAnswer?
        var refusal: String?
        var silentWays: [String] = []
        /// In the way of keepalived.
        var obstacle: String?
        /// What is wrong with the service's own volume.
        var crowding: String?
        var startFails = false
        var starts = 0
        var heard: [PairMessage.Request] = []
        var fencings = 0
        var fenceFails = false
        var outdatings = 0
        /// What was done to the service's layers, in order.
        var deeds: [String] = []
        /// What keepalived had been told when each of them was done last.
        var fitness: [String: FailoverMachine.Fitness] = [:]
        var failing: Set<String> = []
    }

    let state = Mutex(State())
    let changes: AsyncStream<Void>
    private let change: AsyncStream<Void>.Continuation

    init() { (changes, change) = AsyncStream.makeStream() }

    func set(_ body: (inout State) -> Void) {
        state.withLock { body(&$0) }
        change.yield()
    }
    func see<Value>(_ body: (State) -> Value) -> Value { state.withLock { body($0) } }

    func start() async throws(StorageError) {
        let fails = state.withLock { state in
            state.starts += 1
            return state.startFails
        }
        if fails { throw StorageError(.unavailable, "no module") }
        state.withLock { $0.hasLeft = false }
    }
    func send(_ message: PairMessage, within patience: Duration) async -> PeerReply {
        state.withLock { state in
            if message.request != .report { state.heard.append(message.request) }
            if let refusal = state.refusal { return .refusal(refusal) }
            return state.answer.map(PeerReply.answer) ?? .silence
        }
    }
    func silentWays(_ message: PairMessage, within patience: Duration) async -> [String] {
        see { $0.answer == nil ? [] : $0.silentWays }
    }
    func look() async -> ReplicationState {
        state.withLock { $0.looks += 1 }
        return ReplicationState(
            data: see(\.data), isPrimary: see(\.isPrimary), isConnected: see(\.isConnected),
            isOtherIdle: see(\.isOtherIdle),
            isSuspended: see(\.isSuspended), isParted: see { $0.isParted || $0.hasLeft }, text: "")
    }
    /// What keepalived is to it.
    struct Address: AddressHolder {
        let world: World
        var changes: AsyncStream<Void> { world.changes }
        func start() async throws(StorageError) {
            if world.see(\.startFails) { throw StorageError(.unavailable, "no module") }
        }
        func obstacle() -> String? { world.see(\.obstacle) }
        func look() async -> AddressState { world.see(\.address) }
        func tell(_ fitness: FailoverMachine.Fitness) throws(StorageError) {
            world.state.withLock { $0.told.append(fitness) }
        }
    }
    func promote(_ occasion: Occasion) async throws(StorageError) {
        if case .outdated = see(\.data), !occasion.isForced { throw StorageError(.conflict, "it is outdated") }
        state.withLock { $0.isPrimary = true }
    }
    func demote() async throws(StorageError) { state.withLock { $0.isPrimary = false } }
    private func requireIdle() throws(StorageError) {
        if see(\.isPrimary) { throw StorageError(.conflict, "this node may write") }
    }
    func outdate() async throws(StorageError) {
        try requireIdle()
        state.withLock {
            $0.outdatings += 1
            $0.data = .outdated("it was told to be")
        }
    }
    func discard() async throws(StorageError) {
        try requireIdle()
        state.withLock {
            $0.discards += 1
            $0.data = .outdated("it was given up")
            $0.isParted = false
        }
    }
    func leave() async throws(StorageError) {
        try requireIdle()
        state.withLock { $0.hasLeft = true }
    }
    func reconnect() async throws(StorageError) {}
    func resume() async throws(StorageError) {
        state.withLock {
            $0.resumptions += 1
            $0.isSuspended = false
        }
    }
    func run() async throws(StorageError) {
        let fails = state.withLock { state in
            state.fencings += 1
            return state.fenceFails
        }
        if fails { throw StorageError(.unavailable, "no power switch") }
    }

    private func act(_ deed: String) throws(StorageError) {
        let fails = state.withLock { state in
            state.deeds.append(deed)
            state.fitness[deed] = state.told.last
            return state.failing.contains(deed)
        }
        if fails { throw StorageError(.busy, "in use") }
    }

    var stack: ServiceStack {
        ServiceStack(
            ["storage", "volumes", "port"].map { name in
                ServiceLayer(
                    name, answers: name == "volumes",
                    raise: { (_) async throws(StorageError) in try self.act("raise \(name)") },
                    lower: { () async throws(StorageError) in try self.act("lower \(name)") })
            })
    }
}

extension World: ReplicationRig {
    var replication: World { self }
    func serve() async throws { try await promote(Occasion()) }
}

@Suite("What a pair's node is tried with", .tags(.unit))
struct WorldTests {
    @Test("its replication keeps the contract", arguments: ReplicationConformance.allCases)
    func conformance(_ check: ReplicationConformance) async throws { try await check.check(World()) }
}
