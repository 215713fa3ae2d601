import StorageCore
import Synchronization
import TestSupport
import Testing

@testable import HighAvailability

/// Storage that two nodes reach, each by a way of its own.
private final class SharedDisk: Sendable {
    struct State {
        var holder: String?
        /// Those that were shut out, and have not let go since.
        var shutOut: Set<String> = []
        var opened: Set<String> = []
        var epoch = Epoch.none
        var isSilent = false
        var readmissions = 0
    }

    let state = Mutex(State())

    struct Way: SharedStorage {
        let disk: SharedDisk
        let node: String

        private func with<Value>(_ body: (inout State) throws(StorageError) -> Value) throws(StorageError) -> Value {
            let result: Result<Value, StorageError> = disk.state.withLock { state in
                do throws(StorageError) {
                    guard !state.isSilent else { throw StorageError(.unavailable, "it does not answer") }
                    return .success(try body(&state))
                } catch {
                    return .failure(error)
                }
            }
            return try result.get()
        }

        func probe() async throws(StorageError) { try with { _ in } }
        func make(
            _ body: @escaping @Sendable (DevicePath) async throws(StorageError) -> Void
        ) async throws(StorageError) {
            try await open(under: .none, isForced: false)
            try await body(stateDevice())
            try await close()
        }
        func stateDevice() async throws(StorageError) -> DevicePath { DevicePath("/dev/\(node)") }

        func open(under epoch: Epoch, isForced: Bool) async throws(StorageError) {
            try with { state throws(StorageError) in
                guard state.epoch <= epoch || isForced else { throw StorageError(.conflict, "too low") }
                state.epoch = max(state.epoch, epoch)
                guard !state.shutOut.contains(node) else { throw StorageError(.unavailable, "shut out") }
                if let holder = state.holder, holder != node { state.shutOut.insert(holder) }
                state.holder = node
                state.opened.insert(node)
            }
        }

        func look() async throws(StorageError) -> SharedHold {
            try with { state in
                guard state.opened.contains(node) else { return SharedHold(.closed, epoch: state.epoch) }
                return SharedHold(state.holder == node ? .open : .lost, epoch: state.epoch)
            }
        }
        func devices() async throws(StorageError) -> [DevicePath] {
            disk.state.withLock { $0.opened.contains(node) ? [DevicePath("/dev/\(node)")] : [] }
        }

        func close() async throws(StorageError) {
            disk.state.withLock { state in
                state.opened.remove(node)
                if state.holder == node { state.holder = nil }
            }
        }

        func readmit() async throws(StorageError) {
            try with { state in
                state.readmissions += 1
                if !state.opened.contains(node) { state.shutOut.remove(node) }
            }
        }
    }

    func replication(_ node: String) -> SharedReplication { SharedReplication(Way(disk: self, node: node)) }
    func set(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }
}

@Suite("Both nodes reach one storage", .tags(.unit))
struct SharedReplicationTests {
    private struct Rig: ReplicationRig {
        let replication: SharedReplication
        func serve() async throws { try await replication.promote(Occasion()) }
    }

    @Test("it keeps the contract of what replicates", arguments: ReplicationConformance.allCases)
    func conformance(_ check: ReplicationConformance) async throws {
        try await check.check(Rig(replication: SharedDisk().replication("a")))
    }

    @Test("what is there is all there is: a node that reaches it could serve, and one that does not could not")
    func reach() async throws {
        let disk = SharedDisk()
        disk.set { $0.isSilent = true }
        let replication = disk.replication("a")
        #expect(await replication.look().data == .failed("it does not answer"))
        disk.set { $0.isSilent = false }
        try await eventually { await replication.look().data == .current(other: .same) }
    }

    @Test("whoever opens it shuts the other out, who sees it, lets go, and is let in again")
    func shutOut() async throws {
        let disk = SharedDisk()
        let (first, second) = (disk.replication("a"), disk.replication("b"))
        let epochs = (Epoch(1, of: try NodeName("a")), Epoch(2, of: try NodeName("b")))
        try await first.promote(Occasion(epoch: epochs.0))
        #expect(await first.look().data == .current(other: .same))
        try await second.promote(Occasion(epoch: epochs.1))
        try await eventually {
            await first.look().data == .outdated("another node has shut this one out of the shared storage")
        }
        #expect(await first.look().hold == SharedHold(.lost, epoch: epochs.1))
        #expect(await second.look().isPrimary)
        try await first.demote()
        // One that comes late does not shut out who has opened it since.
        await expect(.conflict) { try await first.promote(Occasion(epoch: epochs.0)) }
        #expect(await second.look().isPrimary)
        try await eventually { await first.look().data == .current(other: .same) }
        try await eventually {
            _ = await first.look()
            return disk.state.withLock { $0.shutOut.isEmpty }
        }
    }

    @Test("what an earlier life of the program has left open is open")
    func adopted() async throws {
        let disk = SharedDisk()
        try await disk.replication("a").promote(Occasion())
        #expect(await disk.replication("a").look().isPrimary)
        #expect(await !disk.replication("b").look().isPrimary)
    }
}
