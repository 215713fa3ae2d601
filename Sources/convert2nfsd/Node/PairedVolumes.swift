import HighAvailability
import HostTools
import Logging
import Provisioning
import StorageCore

/// The volumes of a node whose files are replicated: those of the service while it is up, and while it is down those of a part that
/// mounts them and serves nobody.
final class PairedVolumes: ReplicaVolumes {
    private let serving: PairedService
    private let standing: PairedService
    private let frozen: String
    private let logger: Logger
    private let gate = SerialGate()
    private let work = BlockingWork(label: "frozen volumes")

    /// Volumes are shown as they were at one moment below `frozen`.
    init(serving: PairedService, standing: PairedService, frozen: String, logger: Logger) {
        self.serving = serving
        self.standing = standing
        self.frozen = frozen
        self.logger = logger
    }

    func begin() async throws(StorageError) {
        try await gate.run { [standing] () async throws(StorageError) in
            try await standing.raise()
            standing.reconcile()
            try await standing.waitUntilReady()
        }
        // What was shown when the service ended could not be released with it. Nobody waits for that.
        Task { await releaseAll() }
    }

    func end() async throws(StorageError) {
        try await gate.run { [standing] () async throws(StorageError) in
            await standing.stopReconciling()
            try await standing.lower()
        }
    }

    private var manager: VolumeManager {
        get throws(StorageError) {
            guard let manager = serving.manager ?? standing.manager else {
                throw StorageError(.unavailable, "this node's volumes are not up")
            }
            return manager
        }
    }

    func list() async throws(StorageError) -> [Volume] { try await manager.servedVolumes() }

    func hold(_ volume: Volume) async throws(StorageError) -> HeldDirectory {
        let directory: HeldDirectory
        do throws(HostError) { directory = try HeldDirectory(volume.path.value) } catch {
            throw StorageError(.unavailable, "\(volume.path) cannot be opened: \(error)", resource: volume.key.resource)
        }
        // What is held was there before it was looked at.
        try await manager.requireMounted(volume)
        return directory
    }

    func sync(_ directory: HeldDirectory, of volume: Volume) async throws(StorageError) {
        do throws(HostError) {
            try await work.run("syncing \(volume.key)", deadline: .seconds(600)) { _ throws(HostError) in
                try directory.syncFilesystem()
            }
        } catch {
            throw StorageError(.unavailable, "\(volume.path) could not be written to its disk: \(error)")
        }
    }

    // MARK: As they were at one moment

    func freeze(_ volume: Volume) async throws(StorageError) -> String? {
        try await gate.run { [self] () async throws(StorageError) in
            let path = path(of: volume)
            try await hide(path)
            // There before the snapshot, which is released by it.
            let mark = mark(of: volume)
            try await blocking("making \(mark)") { [marks] () throws(HostError) in
                try Directory.ensureExists(marks, mode: 0o700)
                try Directory.ensureExists(mark, mode: 0o700)
            }
            guard let device = try await manager.freezeReplica(of: volume) else {
                try await forget(mark)
                return nil
            }
            // The log is not replayed, which would be written: the snapshot was taken of a filesystem that was frozen.
            let options = volume.filesystem == .xfs ? "nouuid,norecovery" : "noload"
            try await blocking("showing \(volume.key)") { () throws(HostError) in
                try Directory.ensureExists(path, mode: 0o700)
                try Mounter.mount(
                    device.value, at: path, filesystem: volume.filesystem.rawValue, data: options, isReadOnly: true)
            }
            return path
        }
    }

    func release(_ volume: Volume) async {
        await gate.run { [self] in
            do throws(StorageError) {
                try await hide(path(of: volume))
                try await manager.releaseReplica(of: volume)
                try await forget(mark(of: volume))
            } catch {
                logger.warning("what was shown of \(volume.key) is still there: \(error)")
            }
        }
    }

    /// By its mark it is known that there is something of a volume to release. It lies beside what rsync shows: an empty directory there would be
    /// copied as an empty volume.
    private func mark(of volume: Volume) -> String { "\(marks)/\(volume.id)" }
    private var marks: String { "\(frozen)-marks" }

    private func forget(_ mark: String) async throws(StorageError) {
        try await blocking("forgetting \(mark)") { () throws(HostError) in _ = try Directory.remove(mark) }
    }

    func releaseAll() async {
        let shown = Set((try? Directory.names(in: marks)) ?? [])
        guard !shown.isEmpty, let volumes = try? await list() else { return }
        for volume in volumes where shown.contains(volume.id.description) { await release(volume) }
    }

    private func path(of volume: Volume) -> String { "\(frozen)/\(volume.id)" }

    /// rsync lets go of what it has read a moment after it has said so.
    private static let patience = Duration.seconds(3)

    private func hide(_ path: String) async throws(StorageError) {
        let end = ContinuousClock.now + Self.patience
        while true {
            do throws(StorageError) {
                return try await blocking("hiding \(path)") { () throws(HostError) in
                    if try MountPoint.device(at: path) != nil { try Mounter.unmount(path) }
                    _ = try Directory.remove(path)
                }
            } catch {
                guard ContinuousClock.now < end, (try? await Task.sleep(for: .milliseconds(100))) != nil else {
                    throw error
                }
            }
        }
    }

    private func blocking(
        _ what: String, _ body: @escaping @Sendable () throws(HostError) -> Void
    ) async throws(StorageError) {
        do throws(HostError) {
            try await work.run(what, deadline: .seconds(20)) { _ throws(HostError) in try body() }
        } catch {
            throw StorageError(.unavailable, "\(what): \(error)")
        }
    }

    // MARK: As they are on the other node

    func ensure(_ volume: Volume) async throws(StorageError) -> Volume { try await manager.replicate(volume) }

    func remove(_ volume: Volume) async throws(StorageError) { try await manager.removeReplica(volume) }
}
