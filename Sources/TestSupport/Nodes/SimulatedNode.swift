import Catalog
import FoundationEssentials
import Logging
import NFSExports
import Provisioning
import StorageBackends
import StorageCore
import Testing

/// A node on simulators with a fault plan, whose program can die and start again: the catalog and the simulated world
/// survive, the manager does not.
package final class SimulatedNode: Sendable {
    package let plan = FaultPlan()
    package let log = LogRecorder()
    package let host = SimulatedHost()
    package let exporter = SimulatedExporter()
    package let backend: SimulatedBackend
    package let filesystem: SimulatedFilesystem
    private let directory: TemporaryDirectory
    private let total: ByteCount

    package init(total: ByteCount = .gibibytes(100)) throws {
        directory = try TemporaryDirectory()
        self.total = total
        backend = SimulatedBackend(host: host, total: total)
        filesystem = SimulatedFilesystem(host: host)
    }

    /// The program, started but not yet ready; each call is a new life on the same world.
    /// `pool` is how the configuration names the pool, `growthRefusals` what the node cannot grow, `others` what there is to be adopted.
    package func program(
        patience: Duration = .seconds(60), root: String = "/nfs", pool name: String = "default",
        growthRefusals: [FilesystemKind: String] = [:], measuringPatience: Duration = .seconds(60),
        poolPatience: Duration = .zero, others: SimulatedOperator? = nil, trimmer: (any FilesystemTrimmer)? = nil,
        replicate: (@Sendable () async -> Void)? = nil
    ) throws -> (manager: VolumeManager, reconciler: Reconciler) {
        var settings = VolumeManager.Settings(paths: try PathTemplate(root: root, pattern: "{namespace}{name}"))
        settings.patience = patience
        settings.growthRefusals = growthRefusals
        settings.measuringPatience = measuringPatience
        settings.poolPatience = poolPatience
        settings.replicate = replicate
        settings.trimmer = trimmer
        let pool = Pool(
            name: try PoolName(name), backend: FaultyBackend(backend, plan), kind: "simulated", adopter: others)
        let manager = VolumeManager(
            pools: try Pools([pool]), catalog: try openCatalog(), filesystem: FaultyFilesystem(filesystem, plan),
            exporter: FaultyExporter(exporter, plan),
            adoption: others.map { AdoptionSources(exports: $0, mounts: $0) }, settings: settings, logger: log.logger,
            // The catalog lies in the directory, which stays for as long as the manager does.
            now: { [directory] in withExtendedLifetime(directory) { Date() } })
        // What is held up is tried again at each pass.
        let pause = Backoff(shortest: .zero, longest: .zero)
        return (manager, Reconciler(manager: manager, retryPause: pause, logger: log.logger))
    }

    /// A program that is ready.
    package func start(
        patience: Duration = .seconds(60), root: String = "/nfs", others: SimulatedOperator? = nil
    ) async throws -> (manager: VolumeManager, reconciler: Reconciler) {
        let program = try program(patience: patience, root: root, others: others)
        try await program.reconciler.pass()
        return program
    }

    /// Passes until no operation is open: what was held up goes on beside a pass, and one that still runs is not begun again.
    package func settle(_ reconciler: Reconciler) async throws {
        let catalog = try openCatalog()
        try await eventually("no operation is open") {
            try await reconciler.pass()
            return try await catalog.unfinishedOperations().isEmpty
        }
        try catalog.close()
    }

    /// What the program keeps in its catalog is gone; no program runs.
    package func loseCatalog() throws {
        for suffix in ["", "-wal", "-shm"] {
            try FileManager.default.removeItem(atPath: "\(directory.path)/catalog.sqlite\(suffix)")
        }
    }

    package func openCatalog() throws -> Catalog { try Catalog(path: "\(directory.path)/catalog.sqlite") }

    /// Expects that no operation stays open, and then that catalog, pool, mounts and exports tell the same story, and nothing is
    /// frozen.
    package func expectConsistency(
        _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let catalog = try openCatalog()
        // What is held up goes on beside the passes.
        try await eventually("no operation is open", sourceLocation: sourceLocation) {
            try await catalog.unfinishedOperations().isEmpty
        }
        let volumes = try await catalog.volumes()
        let inventory = try await backend.inventory()
        let served = volumes.filter(\.phase.isServed)
        let mounts = try await filesystem.mounts(under: ["/nfs"])
        let exports = try await exporter.exports()
        let devices = Dictionary(uniqueKeysWithValues: inventory.volumes.map { ($0.identity.id, $0.device) })
        func check(_ condition: Bool, _ what: String) {
            #expect(condition, "\(what) \(comment.map { "(\($0))" } ?? "")", sourceLocation: sourceLocation)
        }
        check(
            Set(inventory.volumes.map(\.identity)) == Set(volumes.map(\.identity)), "storage is what the catalog knows")
        check(
            Set(inventory.snapshots.map(\.reference)) == Set(try await catalog.allSnapshots().map(\.reference)),
            "snapshots are what the catalog knows")
        check(Set(mounts.keys) == Set(served.map(\.path)), "mounts are what is served")
        check(
            Set(exports) == Set(served.map { ObservedExport($0.export) }), "exports are what is served")
        for volume in volumes {
            check(devices[volume.id] == mounts[volume.path]?.device, "\(volume.key) is mounted from its own device")
            check(volume.phase == .ready, "\(volume.key) is \(volume.phase.rawValue)")
            let entry = inventory.volumes.first { $0.identity.id == volume.id }
            check(entry?.capacity == volume.capacity, "\(volume.key) has its capacity")
            // Frozen already would be unchanged.
            check(try await filesystem.freeze(volume.path) == .changed, "\(volume.key) is not frozen")
            _ = try await filesystem.thaw(volume.path)
        }
        try catalog.close()
    }
}

extension Work {
    /// The value of finished work; throws `busy` for work that still runs.
    package func value() throws -> Value {
        guard case .done(let value, _) = self else { throw StorageError(.busy, "the work still runs") }
        return value
    }

    package var outcome: Outcome? {
        guard case .done(_, let outcome) = self else { return nil }
        return outcome
    }
}
