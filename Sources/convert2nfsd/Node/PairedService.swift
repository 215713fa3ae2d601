import Logging
import Provisioning
import StorageCore
import Synchronization

/// The part that serves, on a node of a pair: made when the service comes up, given up when it goes down.
final class PairedService: Sendable {
    private struct State {
        var part: ServingPart?
        var reconciling: Task<Void, Never>?
        /// It has ended by itself: the program shuts down.
        var hasEnded = false
    }

    private let make: @Sendable () async throws(StorageError) -> ServingPart
    private let logger: Logger
    private let state = Mutex(State())
    private let primary = Mutex<NodeName?>(nil)

    /// How long the volumes are tried to be brought back before the promotion counts as failed.
    private static let patience = Duration.seconds(30)
    /// How long operations that run may go on when the service is to go.
    static let notice = Duration.seconds(3)

    init(logger: Logger, make: @escaping @Sendable () async throws(StorageError) -> ServingPart) {
        self.logger = logger
        self.make = make
    }

    /// For the faces; `standby` while the node does not serve.
    var managers: ManagerSource {
        ManagerSource { () throws(StorageError) in
            guard let part = self.state.withLock({ $0.part }) else {
                throw StorageError(
                    .standby, "this node of the pair does not serve\(self.whoDoes); ask at the service address")
            }
            return part.manager
        }
    }

    /// Nil while it is down.
    var manager: VolumeManager? { state.withLock { $0.part?.manager } }

    /// Throws `unavailable` if it takes longer than a start should, beside what `raise` has waited for, or the program shuts down.
    func waitUntilReady() async throws(StorageError) {
        let end = ContinuousClock.now + Self.patience
        while manager?.isReady != true {
            let hasEnded = state.withLock(\.hasEnded)
            guard !hasEnded, ContinuousClock.now < end, (try? await Task.sleep(for: .milliseconds(50))) != nil else {
                throw StorageError(.unavailable, "the volumes of this node are still being brought up")
            }
        }
    }

    private var whoDoes: String { primary.withLock { $0.map { ", \($0) does" } ?? "" } }

    /// For errors. Answers whether it was another.
    func note(primary name: NodeName?) -> Bool {
        primary.withLock { known in
            defer { known = name }
            return known != name
        }
    }

    /// Mounts and exports everything, and starts the NFS server. What else a start is comes with the first look of `reconcile`.
    func raise() async throws(StorageError) {
        if state.withLock({ $0.part }) != nil { return }
        let part = try await make()
        let end = ContinuousClock.now + Self.patience
        while true {
            do throws(StorageError) {
                try await part.reconciler.bring()
                break
            } catch {
                guard ContinuousClock.now < end, (try? await Task.sleep(for: .milliseconds(200))) != nil else {
                    try? part.catalog.close()
                    throw error
                }
                logger.warning("the volumes cannot be served yet: \(error)")
            }
        }
        state.withLock { $0.part = part }
    }

    /// The repair of drift, which begins once clients are served.
    func reconcile() {
        state.withLock { state in
            guard state.reconciling == nil, let part = state.part else { return }
            state.hasEnded = false
            state.reconciling = Task {
                try? await part.reconciler.run()
                self.state.withLock { $0.hasEnded = true }
            }
        }
    }

    func stopReconciling() async {
        let task = state.withLock { state in
            defer { state.reconciling = nil }
            return state.reconciling
        }
        task?.cancel()
        await task?.value
    }

    /// Lets no more requests in, and gives up what runs; the next node that serves recovers it.
    func lower() async throws(StorageError) {
        let part = state.withLock { state in
            defer { state.part = nil }
            return state.part
        }
        guard let part else { return }
        await part.manager.windDown(patience: Self.notice)
        try part.catalog.close()
    }

    func windDown(patience: Duration) async {
        await state.withLock { $0.part }?.manager.windDown(patience: patience)
    }
}
