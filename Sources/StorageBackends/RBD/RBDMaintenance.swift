import Glibc
import RBDWire
import StorageCore
import Synchronization

/// What a pool of Ceph does beside: copies get what they share with their sources, and what was removed gives its room back. With a
/// connection of its own, so that nothing waits for it. An end in the middle costs nothing: what is left to do is seen in the pool.
package final class RBDMaintenance: PoolMaintenance {
    private let helper: RBDHelper
    private let place: RBDPlace
    private let names: RBDNames
    private let state = Mutex(State())
    private let wakeups: AsyncStream<Void>
    private let waking: AsyncStream<Void>.Continuation
    private struct State {
        var copies: [VolumeKey: CopyProgress] = [:]
        /// The image that it has open.
        var current: String?
        /// Those that are to go.
        var spared: Set<String> = []
        /// Snapshots that copies are being cloned from.
        var sources: Set<String> = []
        /// Images of which it is asked what they take.
        var measured: Set<String> = []
        /// Images that are left alone until then.
        var fresh: [String: ContinuousClock.Instant] = [:]
    }

    /// What was removed a moment ago is often not all that is.
    private static let notice = Duration.seconds(5)
    /// A copy that was just made is first needed by whoever made it: while it is flattened each of its writes waits for the image's lock, and
    /// its first mount, which is many, took nine seconds instead of a quarter of one.
    private static let rest = Duration.seconds(15)
    /// How often it looks for what was left, as of a cluster that did not answer.
    private static let pause = Duration.seconds(60)

    init(_ helper: RBDHelper, _ place: RBDPlace, _ names: RBDNames) {
        self.helper = helper
        self.place = place
        self.names = names
        (wakeups, waking) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// There is something to do.
    func wake() { waking.yield() }

    /// The volume is a copy now, and is to be flattened before long.
    func begin(_ volume: VolumeKey, _ capacity: ByteCount) {
        state.withLock { state in
            state.fresh[names.name(of: volume)] = .now + Self.rest
            state.copies[volume] = CopyProgress(done: .zero, total: capacity)
        }
        Task {
            try await Task.sleep(for: Self.rest)
            wake()
        }
    }

    /// See `StorageBackend.stored`; nil while the same is asked already.
    func stored(_ image: String) async throws(RBDFailure) -> ByteCount? {
        guard state.withLock({ $0.measured.insert(image).inserted }) else { return nil }
        defer { _ = state.withLock { $0.measured.remove(image) } }
        do throws(RBDFailure) {
            guard case .number(let bytes) = try await helper.ask(.stored(image: image)) else { return nil }
            return ByteCount(bytes)
        } catch  where error.code == EOPNOTSUPP {
            return nil
        }
    }

    /// Of its client, as the cluster knows it.
    func addresses() async -> [String] { await helper.addresses }

    package var copies: [VolumeKey: CopyProgress] { state.withLock(\.copies) }

    /// Runs `body` while it does not touch the image: one that it has open cannot be removed.
    func sparing<Value>(
        _ image: String, _ body: () async throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        let isCurrent = state.withLock { state in
            state.spared.insert(image)
            return state.current == image
        }
        defer { _ = state.withLock { $0.spared.remove(image) } }
        do throws(RBDFailure) {
            if isCurrent { try await helper.abandon() } else { try await helper.settle() }
        } catch {
            throw StorageError(rbd: error, place)
        }
        if isCurrent { wake() }
        return try await body()
    }

    package func run() async {
        let ticker = Task {
            while !Task.isCancelled {
                wake()
                try await Task.sleep(for: Self.pause)
            }
        }
        defer { ticker.cancel() }
        await withTaskCancellationHandler {
            for await _ in wakeups {
                guard (try? await Task.sleep(for: Self.notice)) != nil else { break }
                // What fails is tried again, and the pool says what is wrong with it by itself.
                try? await work()
            }
        } onCancel: {
            // What takes hours is not waited for.
            Task { await helper.end() }
        }
        // A client that was killed has what it had open for a while yet, but for one that was shut out.
        try? await helper.abandon()
        await helper.end()
        state.withLock { $0.copies = [:] }
    }

    private func work() async throws(RBDFailure) {
        try await purge()
        try await dropSources()
        if try await flattenAll() { try await purge() }
    }

    /// Snapshots that copies were cloned from, or were to be: nobody comes back to them. One stays in Ceph's own for as long as its clone
    /// needs it (clone format 2).
    private func dropSources() async throws(RBDFailure) {
        guard case .images(let images) = try await helper.ask(.list(prefix: names.start)) else { return }
        for image in images {
            for snapshot in image.snapshots where RBDNames.isSource(snapshot.name) && !isBeingMade(snapshot.name) {
                do throws(RBDFailure) {
                    try await working(on: image.name) { () async throws(RBDFailure) in
                        try await helper.ask(.removeSnapshot(image: image.name, snapshot: snapshot.name))
                    }
                } catch  where !error.isOfConnection {}
            }
        }
    }

    /// Does nothing with one that is to go.
    private func working(
        on image: String, _ body: () async throws(RBDFailure) -> Void
    ) async throws(RBDFailure) {
        let mayBegin = state.withLock { state in
            guard !state.spared.contains(image) else { return false }
            state.current = image
            return true
        }
        guard mayBegin else { return }
        defer { state.withLock { $0.current = nil } }
        try await body()
    }

    private func isBeingMade(_ source: String) -> Bool { state.withLock { $0.sources.contains(source) } }

    /// Runs `body` while the snapshot, which a copy is cloned from, stays.
    func keeping<Value>(
        _ source: String, _ body: () async throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        state.withLock { _ = $0.sources.insert(source) }
        defer { state.withLock { _ = $0.sources.remove(source) } }
        return try await body()
    }

    private func purge() async throws(RBDFailure) {
        try await helper.ask(
            .purge(prefix: names.start, mark: [StorageMark.roleKey: StorageMark.Role.removed.rawValue]))
    }

    /// Whether there was something.
    private func flattenAll() async throws(RBDFailure) -> Bool {
        guard case .images(let images) = try await helper.ask(.list(prefix: names.start)) else { return false }
        let clones = images.compactMap { image in
            image.isClone ? StorageMark(image.metadata).map { (image, $0.volume.key) } : nil
        }.filter { names.name(of: $1) == $0.name }
        state.withLock { state in
            state.copies = Dictionary(
                clones.map { ($1, CopyProgress(done: .zero, total: ByteCount($0.size))) }, uniquingKeysWith: { $1 })
        }
        for (image, key) in clones where !Task.isCancelled && !isFresh(image.name) {
            // One that cannot be flattened keeps none of the others.
            do throws(RBDFailure) { try await flatten(image, key) } catch  where !error.isOfConnection {}
        }
        return !clones.isEmpty
    }

    private func isFresh(_ image: String) -> Bool {
        state.withLock { state in
            state.fresh = state.fresh.filter { $1 > .now }
            return state.fresh[image] != nil
        }
    }

    private func flatten(_ image: RBDImage, _ key: VolumeKey) async throws(RBDFailure) {
        try await working(on: image.name) { () async throws(RBDFailure) in
            defer { state.withLock { $0.copies[key] = nil } }
            do throws(RBDFailure) {
                try await helper.ask(.flatten(image: image.name)) { [self] done, total in
                    let share = total > 0 ? Double(done) / Double(total) : 1
                    let bytes = ByteCount(Int64(share * Double(image.size)))
                    state.withLock { $0.copies[key] = CopyProgress(done: bytes, total: ByteCount(image.size)) }
                }
            } catch  where error.code == ENOENT {
                // It was removed since.
            }
        }
    }
}

extension RBDFailure {
    /// Everything else would fail by it, too.
    fileprivate var isOfConnection: Bool { [ETIMEDOUT, ESHUTDOWN, ECONNRESET].contains(code) }
}
