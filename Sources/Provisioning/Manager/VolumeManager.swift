import Catalog
import FoundationEssentials
import Logging
import StorageCore
import Synchronization

/// The façade every face calls: what can be asked of this node's volumes. Mutations say what the end state is and
/// answer what changed; each is an operation in the journal, goes on when its caller hangs up, and is finished or
/// undone after a crash.
///
/// Errors every mutation may throw: `unavailable` until the node has started, `busy` when other work on the volume
/// does not end in `Settings.lockPatience`.
package final class VolumeManager: Sendable {
    package struct Settings: Sendable {
        package var paths: PathTemplate
        /// How long a caller waits for the work before it gets the running operation instead.
        package var patience: Duration = .seconds(5)
        /// How long a caller waits for other work on the same volume.
        package var lockPatience: Duration = .seconds(10)
        /// How long a caller waits for the use of all volumes it asks for; what is not measured by then is unknown.
        package var measuringPatience: Duration = .seconds(3)
        /// How long the NFS server is not started because a pool does not answer whose volumes it is to serve.
        package var poolPatience: Duration = .seconds(15)
        /// Filesystems that this node cannot grow while they are mounted, and why.
        package var growthRefusals: [FilesystemKind: String] = [:]
        /// Called after each change of the volumes, before it is answered: another node is to have it too.
        package var replicate: (@Sendable () async -> Void)?
        /// Nil where filesystems keep what they have freed.
        package var trimmer: (any FilesystemTrimmer)?

        package init(paths: PathTemplate) { self.paths = paths }
    }

    package let pools: Pools
    let catalog: Catalog
    let filesystem: any VolumeFilesystem
    let observer: Observer
    let exports: ExportTable
    /// Nil where nothing that others export can become a volume's.
    let adoption: AdoptionSources?
    let executor: Executor
    let settings: Settings
    let clock: any Clock<Duration>
    let now: @Sendable () -> Date
    let logger: Logger
    let lock = KeyedLock<VolumeKey>()
    let live = LiveOperations()
    let said = SaidOnce()
    /// What a pool holds that carries our identity and is in no catalog; found at start.
    let orphans = Mutex<[PoolName: [String]]>([:])
    private let started = Mutex(false)
    private let silentServer = Mutex<StorageError?>(nil)
    /// The program ends and leaves to the next one what still runs.
    let givenUp = Flag()

    package init(
        pools: Pools, catalog: Catalog, filesystem: any VolumeFilesystem, exporter: any Exporter,
        adoption: AdoptionSources? = nil, settings: Settings, logger: Logger,
        clock: any Clock<Duration> = ContinuousClock(),
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.pools = pools
        self.catalog = catalog
        self.filesystem = filesystem
        self.adoption = adoption
        self.settings = settings
        self.clock = clock
        self.now = now
        self.logger = logger
        observer = Observer(catalog: catalog, filesystem: filesystem, pools: pools)
        exports = ExportTable(exporter: exporter, observer: observer)
        let performer = StepPerformer(
            pools: pools, filesystem: filesystem, exports: exports, catalog: catalog, live: live, givenUp: givenUp)
        executor = Executor(
            catalog: catalog, performer: performer, logger: logger, said: said, now: now)
    }

    /// Whether the node has started: unfinished work recovered, volumes mounted, exports in place.
    package var isReady: Bool { started.withLock { $0 } }

    func markReady() { started.withLock { $0 = true } }

    /// Why the reconciler's last look at the NFS server did not find it serving, or found that it cannot be managed; nil
    /// if it serves, or was not looked at yet.
    package var serverProblem: StorageError? { silentServer.withLock { $0 } }

    func noteServer(_ problem: StorageError?) { silentServer.withLock { $0 = problem } }

    func requireReady() throws(StorageError) {
        guard isReady else {
            throw StorageError(
                .unavailable, "the node is starting: volumes are being mounted and exported; try again soon")
        }
    }
}

/// What a mutation came to.
package enum Work<Value: Sendable>: Sendable {
    case done(Value, Outcome)
    /// It takes longer than a caller should wait; the operation tells how it goes on.
    case running(Operation)
}
