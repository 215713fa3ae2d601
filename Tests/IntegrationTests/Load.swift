import NodeAPI
import NodeHarness
import StorageCore
import Synchronization
import TestSupport
import Testing

/// Callers that create, grow, snapshot, clone and delete at random, and remember what they were answered.
final class Load: Sendable {
    private struct State {
        /// What was answered with success last; nil where the last answer was a deletion, absent where nothing is
        /// certain.
        var promised: [VolumeKey: ByteCount?] = [:]
        var answered = 0
    }

    private let daemon: DaemonNode
    private let state = Mutex(State())

    init(daemon: DaemonNode) { self.daemon = daemon }

    var answered: Int { state.withLock { $0.answered } }

    /// Runs callers until `disturbance` has ended; each works on names of its own, so that it knows what to expect.
    func run(seed: UInt64, during disturbance: () async throws -> Void) async throws {
        let callers = (0..<4).map { index in
            Task { await self.call(as: index, SeededGenerator(seed: seed &+ UInt64(index))) }
        }
        let result: Result<Void, any Error>
        do { result = .success(try await disturbance()) } catch { result = .failure(error) }
        for caller in callers { caller.cancel() }
        for caller in callers { await caller.value }
        try result.get()
    }

    func expectKept(_ volumes: [VolumeDocument], _ comment: Comment) {
        let found = Dictionary(uniqueKeysWithValues: volumes.map { ($0.key, $0.capacityBytes) })
        for (key, capacity) in state.withLock({ $0.promised }) {
            if let capacity {
                #expect(found[key].map { $0 >= capacity } == true, "\(key) was promised with \(capacity); \(comment)")
            } else {
                #expect(found[key] == nil, "\(key) was deleted; \(comment)")
            }
        }
    }

    private func call(as index: Int, _ generator: SeededGenerator) async {
        var generator = generator
        while !Task.isCancelled {
            do {
                try await act(as: index, &generator)
                state.withLock { $0.answered += 1 }
            } catch  where error.code == .unavailable {
                return
            } catch {
                // Refusals (a conflict, nothing to copy) are answers too.
            }
        }
    }

    private func act(as index: Int, _ generator: inout SeededGenerator) async throws(StorageError) {
        let key = try VolumeKey("load\(index)", "v\(UInt8.random(in: 0..<2, using: &generator))")
        let snapshot = SnapshotKey(
            volume: key, name: try SnapshotName("s\(UInt8.random(in: 0..<2, using: &generator))"))
        // Of each caller's two one has the filesystem that every host can grow while it is mounted.
        let isXFS = key.name.value == "v1"
        switch UInt8.random(in: 0..<11, using: &generator) {
        case 0..<4:
            let request = CreateVolumeRequest(
                key: key, capacity: .mebibytes(isXFS ? 300 : 32), filesystem: isXFS ? .xfs : .ext4)
            try await certain(key) { (client) async throws(StorageError) in
                try await client.createVolume(request).document.capacityBytes
            }
        case 4:
            let source = try VolumeKey("load\(index)", "v0")
            let request = CreateVolumeRequest(
                key: try VolumeKey("load\(index)", "copy"), capacity: .mebibytes(32), source: .volume(source))
            try await certain(request.key) { (client) async throws(StorageError) in
                try await client.createVolume(request).document.capacityBytes
            }
        case 5:
            try await certain(key) { (client) async throws(StorageError) in
                let rule = ClientRule(address: try ClientAddress("127.0.0.1"), access: .readWrite)
                return try await client.setClient(rule, of: key).capacityBytes
            }
        case 10:
            let grown = try VolumeKey("load\(index)", "v1")
            let capacity = ByteCount.mebibytes(Int64.random(in: 301...600, using: &generator))
            try await certain(grown) { (client) async throws(StorageError) in
                try await client.updateVolume(grown, UpdateVolumeRequest(capacity: capacity)).capacityBytes
            }
        case 6:
            _ = try await daemon.call { (client) async throws(StorageError) in try await client.createSnapshot(snapshot)
            }
        case 7:
            try await daemon.call { (client) async throws(StorageError) in try await client.deleteSnapshot(snapshot) }
        default:
            try await certain(key) { (client) async throws(StorageError) in
                try await client.deleteVolume(key, snapshots: true)
                return nil
            }
        }
    }

    /// Nothing is certain of the volume while the call is under way; what it answers is.
    private func certain(
        _ key: VolumeKey, _ body: @Sendable (NodeClient) async throws(StorageError) -> ByteCount?
    ) async throws(StorageError) {
        let before = state.withLock { $0.promised.removeValue(forKey: key) }
        do throws(StorageError) {
            let capacity = try await daemon.call(body)
            state.withLock { $0.promised[key] = .some(capacity) }
        } catch {
            // A refusal changed nothing; where no answer came, anything may be so.
            let isRefusal = [.conflict, .invalidArgument, .notFound].contains(error.code)
            if isRefusal, let before { state.withLock { $0.promised[key] = before } }
            throw error
        }
    }
}

/// The same numbers for the same seed (xorshift64*), so that a failing run can be repeated.
struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed | 1 }

    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }
}
