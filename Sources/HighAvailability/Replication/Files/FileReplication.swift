import FoundationEssentials
import HostTools
import Logging
import StorageCore

/// Both nodes of a pair have storage of their own, and the standby copies the files of each volume now and then (rsync(1)). So the standby
/// is a moment behind: what was acknowledged since is lost when the primary is; in an orderly move the last of it is copied
/// while nobody may write. Needs root.
///
/// A copy is only ever taken from a node that serves, or has just let go of the service for this one, and what this node has that the other never got is
/// kept before anything comes over it.
package actor FileReplication: Replication {
    package static let requiredTools: [ToolName] = Rsync.requiredTools + [.find]

    /// How a node asks the other.
    package typealias Ask = @Sendable (CopyRequest, Duration) async throws(StorageError) -> PairAnswer

    package struct Settings: Sendable {
        /// From the begin of one round to that of the next, unless it takes longer.
        package var interval: Duration
        /// A standby that was further behind when it last heard of the primary does not serve by itself.
        package var maximumLag: Duration
        /// Where what both nodes have is remembered.
        package var ledger: String

        package init(interval: Duration, maximumLag: Duration, ledger: String) {
            self.interval = interval
            self.maximumLag = maximumLag
            self.ledger = ledger
        }
    }

    /// Writing the ledger blocks.
    private nonisolated let executor = BlockingExecutor(label: "file replication")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    let settings: Settings
    let volumes: any ReplicaVolumes
    let rsync: Rsync
    let lost: LostFiles
    let recent: RecentFiles
    let now: @Sendable () -> Double
    let logger: Logger
    private(set) var ledger: CopyLedger
    /// The service is down here, so that this node may take over what the other has.
    private(set) var isOpen = false
    private var hasStarted = false
    var round: Task<Result<Void, StorageError>, Never>?
    /// How many others make volumes be as they are on the other node.
    var mirrors = 0
    var isDueAt = ContinuousClock.now
    /// The volumes are being made those that the other node has.
    var isListing = false
    /// Why a volume could not be brought up to date.
    var problems: [VolumeID: Problem] = [:]
    /// Those that the other node is copying.
    var exposures: [VolumeID: Exposure] = [:]
    /// When the other node was last asked which volumes it has; nil if that was under another of its epochs, or never.
    var listedAt: Double?

    struct Problem: Hashable {
        let volume: VolumeKey
        let text: String
    }

    /// What the other node copies stays mounted meanwhile.
    struct Exposure {
        let moment: Double
        let volume: Volume
        /// Where it is shown as it is all the time.
        let directory: HeldDirectory?
    }

    package init(
        _ settings: Settings, volumes: any ReplicaVolumes, rsync: Rsync, toolbox: Toolbox, runner: any CommandRunner,
        logger: Logger, now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
    ) throws(StorageError) {
        self.settings = settings
        self.volumes = volumes
        self.rsync = rsync
        do throws(HostError) {
            let files = ChangedFiles(find: try toolbox.require(.find), runner: runner)
            lost = LostFiles(files: files)
            recent = RecentFiles(files: files)
        } catch {
            throw StorageError(.unavailable, "\(error)")
        }
        self.now = now
        self.logger = logger
        do {
            let bytes = try DurableFile.read(settings.ledger, limit: 64 << 20)
            ledger = try bytes.map { try JSONDecoder().decode(CopyLedger.self, from: Data($0)) } ?? CopyLedger()
        } catch {
            throw StorageError(
                .unavailable,
                "\(settings.ledger), in which this node keeps what the other one has of its volumes, cannot be read: \(error); restore it, or "
                    + "remove it together with pair.json on a node that has to take its data from the other one")
        }
    }

    /// What it is to be from now on is on the disk before anything else is done.
    func change(_ body: (inout CopyLedger) -> Void) throws(StorageError) {
        var next = ledger
        body(&next)
        guard next != ledger else { return }
        do { try DurableFile.write(Array(try JSONEncoder().encode(next)), to: settings.ledger) } catch {
            throw StorageError(.unavailable, "\(settings.ledger) cannot be written: \(error)")
        }
        ledger = next
    }

    // MARK: Replication

    package func start() async throws(StorageError) {
        // One that an earlier life of the program began goes on, and nobody waits for it.
        if !hasStarted { try await rsync.endPulls() }
        hasStarted = true
        try rsync.serve()
    }

    package func look() -> ReplicationState {
        let (done, all) = (ledger.isLeading ? ledger.shared : ledger.whole.count, ledger.entries.count)
        return ReplicationState(
            data: data, isPrimary: ledger.isLeading, text: text,
            syncPercent: done == all ? nil : (1000 * Double(done) / Double(all)).rounded() / 10)
    }

    private var data: DataState {
        if ledger.isLeading { return .current(other: .outdated) }
        guard ledger.heardAt != nil else { return .current(other: .unknown) }
        guard let lag = ledger.lag else { return .outdated("not all volumes are copied yet (\(progress))") }
        guard Duration.seconds(lag) <= settings.maximumLag else {
            return .outdated("it was \(Int(lag)) s behind when it last heard of the node that serves")
        }
        return .current(other: .followed)
    }

    private var progress: String {
        "\(ledger.whole.count) of \(ledger.entries.count)"
    }

    var text: String {
        if ledger.isLeading { return "rsync, the other node copies from here" }
        guard let lag = ledger.lag else { return "rsync, \(progress) volumes are copied" }
        return "rsync, \(Int(lag)) s behind"
    }

    package var copies: [CopyStatus] {
        let known = ledger.entries.map { id, entry in
            let asOf: Double? =
                switch entry.copy {
                case .own(let sharedAt): sharedAt
                case .taken(let asOf): asOf
                }
            let id = VolumeID(id)
            return CopyStatus(
                volume: entry.key, asOf: asOf, problem: id.flatMap { problems[$0] }?.text,
                isCopying: id.map { exposures[$0] != nil } ?? false)
        }
        let strange = problems.filter { ledger[$0.key] == nil }.values.map {
            CopyStatus(volume: $0.volume, asOf: nil, problem: $0.text)
        }
        return (known + strange).sorted { $0.volume < $1.volume }
    }

    /// For the log once, and for whoever asks as long as it is so.
    func note(problem text: String?, of volume: Volume) {
        let problem = text.map { Problem(volume: volume.key, text: $0) }
        guard problems[volume.id] != problem else { return }
        problems[volume.id] = problem
        if let text { logger.warning("\(volume.key): \(text)") } else { logger.notice("\(volume.key) is copied again") }
    }

    /// Ends what is being copied: the copies stay as they are.
    package func promote(_ occasion: Occasion) async throws(StorageError) {
        isOpen = false
        listedAt = nil
        while let task = round {
            task.cancel()
            await end(task)
        }
        try await rsync.endPulls()
        if !occasion.isForced, case .outdated(let reason) = data {
            throw StorageError(.conflict, "this node's copy is outdated: \(reason)")
        }
        try await volumes.end()
        // Without the volumes whoever still makes them be as on the other node fails, and notes nothing any more.
        while mirrors > 0, (try? await Task.sleep(for: .milliseconds(20))) != nil {}
    }

    /// From now on clients may write here.
    package func lead() throws(StorageError) {
        let moment = now()
        try change { $0.lead(at: moment) }
        problems = [:]
        Task { await volumes.releaseAll() }
    }

    package func demote() async throws(StorageError) {
        // Whoever copied from the service that ended asks anew.
        exposures = [:]
        isOpen = true
    }

    package func outdate() async throws(StorageError) {
        guard !ledger.isLeading else { throw StorageError(.conflict, "clients may have written here") }
        try change { $0.outdate() }
    }

    package func resume() async throws(StorageError) {}

    package func discard() async throws(StorageError) {
        try requireOpen()
        let moment = now()
        try change { $0.giveUp(at: moment) }
    }

    /// Nobody waits for it.
    package func leave() async throws(StorageError) { try requireOpen() }

    package func reconnect() async throws(StorageError) {}

    func requireOpen() throws(StorageError) {
        guard isOpen else { throw StorageError(.conflict, "this node serves, or is about to") }
    }
}
