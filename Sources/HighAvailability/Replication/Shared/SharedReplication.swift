import HostTools
import StorageCore

/// Both nodes reach one storage, which keeps the data for them: nothing is copied, and what a node finds there is all that was ever
/// acknowledged. The storage itself sees to it that one of them at most may write.
package actor SharedReplication: Replication {
    private let storage: any SharedStorage
    /// Why this node is not to serve, though it could.
    private var refusal: String?
    private var isOpen = false
    /// Another has opened it since this node did.
    private var isLost = false
    private var epoch = Epoch.none
    private var fault: String?
    private var heardAt: ContinuousClock.Instant?
    /// A first look has ended, whatever came of it.
    private var hasTried = false
    /// It is known whether an earlier life has left it open.
    private var hasLooked = false
    /// It is being opened or closed.
    private var isMoving = false
    private var moveCount = 0
    private let moves = SerialGate()
    private var look: Task<Void, Never>?
    private var readmittedAt: ContinuousClock.Instant?

    /// A storage that is silent for longer does not work; each look may take longer, and nobody waits for it.
    private static let patience = Duration.seconds(6)
    /// How often it sees whether something of this node was shut out that need not be any more.
    private static let readmission = Duration.seconds(10)

    package init(_ storage: any SharedStorage) { self.storage = storage }

    package func start() async throws(StorageError) {
        refusal = nil
    }

    package func look() async -> ReplicationState {
        beginLook()
        // Of a node that knows nothing yet it is waited for.
        if !hasTried { await look?.value }
        let state: SharedHold.State = isLost ? .lost : isOpen ? .open : .closed
        return ReplicationState(data: data, isPrimary: isOpen, text: text, hold: SharedHold(state, epoch: epoch))
    }

    private var data: DataState {
        if let refusal { return .outdated(refusal) }
        if isLost { return .outdated(Self.lost) }
        if let fault { return .failed(fault) }
        guard let heardAt, ContinuousClock.now - heardAt < Self.patience else {
            return .failed("the shared storage does not answer")
        }
        return .current(other: .same)
    }

    private static let lost = "another node has shut this one out of the shared storage"

    private var text: String { fault.map { "shared storage: \($0)" } ?? "shared storage" }

    private func beginLook() {
        guard look == nil else { return }
        look = Task {
            await self.lookOnce()
            self.look = nil
        }
    }

    private func lookOnce() async {
        do throws(StorageError) {
            let before = moveCount
            let hold = try await storage.look()
            epoch = max(epoch, hold.epoch)
            if !isMoving, moveCount == before { try await judge(hold.state) }
            (heardAt, fault) = (.now, nil)
        } catch {
            fault = error.message
        }
        hasTried = true
    }

    /// Of what nobody moves just now.
    private func judge(_ state: SharedHold.State) async throws(StorageError) {
        if !hasLooked {
            // An earlier life of the program has left it open.
            isOpen = state == .open
            hasLooked = true
        }
        isLost = isOpen && state != .open
        // What was given up may have come to pass since.
        if !isOpen, try await !storage.devices().isEmpty {
            try await moves.run { [self] () async throws(StorageError) in try await closeRemains() }
        }
        await seekReadmission()
    }

    private func closeRemains() async throws(StorageError) {
        if !isOpen { try await storage.close() }
    }

    private func seekReadmission() async {
        guard readmittedAt.map({ ContinuousClock.now - $0 > Self.readmission }) ?? true else { return }
        do throws(StorageError) {
            try await storage.readmit()
            readmittedAt = .now
        } catch {
            // There is none to be let into yet, or it is tried again.
        }
    }

    package func promote(_ occasion: Occasion) async throws(StorageError) {
        if let refusal, !occasion.isForced { throw StorageError(.conflict, refusal) }
        try await moves.run { [self] () async throws(StorageError) in try await open(occasion) }
    }

    private func open(_ occasion: Occasion) async throws(StorageError) {
        isMoving = true
        moveCount += 1
        defer { isMoving = false }
        try await storage.open(under: occasion.epoch, isForced: occasion.isForced)
        (isOpen, isLost, refusal, fault, heardAt) = (true, false, nil, nil, .now)
    }

    package func demote() async throws(StorageError) {
        try await moves.run { [self] () async throws(StorageError) in try await close() }
    }

    private func close() async throws(StorageError) {
        isMoving = true
        moveCount += 1
        defer { isMoving = false }
        try await storage.close()
        (isOpen, isLost) = (false, false)
    }

    package func outdate() async throws(StorageError) { try refuse("the other node has gone on without this one") }

    package func leave() async throws(StorageError) { try refuse("this node has left the pair") }

    private func refuse(_ reason: String) throws(StorageError) {
        guard !isOpen else { throw StorageError(.conflict, "this node may write") }
        refusal = reason
    }

    package func discard() async throws(StorageError) {
        throw StorageError(.conflict, "there is one copy of the data, and nothing of it to give up")
    }

    package func resume() async throws(StorageError) {}
    package func reconnect() async throws(StorageError) {}
}
