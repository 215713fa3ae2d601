import Catalog
import StorageCore

/// Does and undoes steps on the real parts. Every step may be repeated, and may find the world as a crash left it.
struct StepPerformer: Sendable {
    let pools: Pools
    let filesystem: any VolumeFilesystem
    let exports: ExportTable
    let catalog: Catalog
    let live: LiveOperations
    /// From then on a volume may be written while it is copied, so no copy counts.
    let givenUp: Flag

    func perform(_ step: Step, of operation: Operation, on volume: Volume) async throws(StorageError) {
        switch step {
        case .allocate: _ = try await backend(of: volume).create(volume.identity, capacity: volume.capacity)
        case .copy: try await copy(operation, to: volume, backend(of: volume))
        case .format:
            let device = try await backend(of: volume).activate(volume.identity)
            _ = try await filesystem.format(device, as: volume.filesystem, id: volume.id)
        case .renew:
            let device = try await backend(of: volume).activate(volume.identity)
            _ = try await filesystem.renew(device, as: volume.filesystem, id: volume.id)
        case .mount: _ = try await mount(volume)
        case .growStorage:
            _ = try await backend(of: volume).grow(volume.identity, to: wanted(operation, volume).capacity)
        case .growFilesystem:
            try await requireOwnMount(volume)
            _ = try await filesystem.grow(volume.path, as: volume.filesystem)
        case .export:
            try await requireOwnMount(volume)
            _ = try await exports.ensure(wanted(operation, volume).export)
        case .withdraw: _ = try await exports.withdraw(volume.export)
        case .unmount: _ = try await unmount(volume)
        case .removeStorage: _ = try await backend(of: volume).remove(volume.identity)
        case .takeSnapshot: try await takeSnapshot(operation, of: volume, backend(of: volume))
        case .removeSnapshots: try await removeSnapshots(operation, of: volume, backend(of: volume))
        }
    }

    private func backend(of volume: Volume) throws(StorageError) -> any StorageBackend {
        try pools.holding(volume).backend
    }

    /// Takes back what `perform` did or began; only reversible operations ask for it.
    func undo(_ step: Step, of operation: Operation, on volume: Volume) async throws(StorageError) {
        let backend = try backend(of: volume)
        switch step {
        case .export: _ = try await exports.withdraw(volume.export)
        case .mount: _ = try await unmount(volume)
        case .copy:
            if case .volume(let origin) = volume.source { try await thaw(origin) }
            try await release(volume, backend)
        case .allocate: try await release(volume, backend)
        case .takeSnapshot: try await removeSnapshots(operation, of: volume, backend)
        // Undone by what comes before it: the storage goes as a whole.
        case .format, .renew, .growFilesystem: break
        case .growStorage, .withdraw, .unmount, .removeStorage, .removeSnapshots: break
        }
    }

    /// Ensures the volume is mounted on its own device.
    func mount(_ volume: Volume) async throws(StorageError) -> Outcome {
        let device = try await pools[volume.pool].backend.activate(volume.identity)
        return try await filesystem.mount(device, as: volume.filesystem, at: volume.path)
    }

    /// What is exported, grown or frozen is the volume's own filesystem, never the directory below it or what somebody has
    /// mounted there.
    func requireOwnMount(_ volume: Volume) async throws(StorageError) {
        let found = try await filesystem.mounted(at: volume.path)
        do throws(StorageError) {
            if try await backend(of: volume).activate(volume.identity) == found { return }
        } catch {
            // What is mounted goes on being served while its pool does not answer.
            guard error.code == .unavailable, found != nil else { throw error }
            return
        }
        let state = found.map { "\($0) is mounted at \(volume.path) instead; unmount it" } ?? "try again when it is"
        throw StorageError(
            .unavailable, "the volume \(volume.key) is not mounted; \(state)", resource: volume.key.resource)
    }

    /// Ensures the volume is not mounted and has no device. What else is on its path stays. Answers whether it was mounted.
    func unmount(_ volume: Volume) async throws(StorageError) -> Outcome {
        let backend = try backend(of: volume)
        var device: DevicePath?
        do throws(StorageError) {
            device = try await backend.activate(volume.identity)
        } catch {
            // Storage that somebody took away may be mounted all the same.
            guard error.code == .notFound else { throw error }
        }
        let outcome = try await filesystem.unmount(device, of: volume.id, from: volume.path)
        _ = try await backend.deactivate(volume.identity)
        return outcome
    }

    private func release(_ volume: Volume, _ backend: any StorageBackend) async throws(StorageError) {
        _ = try await backend.deactivate(volume.identity)
        _ = try await backend.remove(volume.identity)
    }

    /// The volume as it is to be when the operation is done.
    private func wanted(_ operation: Operation, _ volume: Volume) -> Volume {
        guard case .update(_, let settings) = operation.plan else { return volume }
        return volume.with(settings)
    }

    private func copy(
        _ operation: Operation, to volume: Volume, _ backend: any StorageBackend
    ) async throws(StorageError) {
        defer { live.tell(nil, of: operation.id) }
        switch volume.source {
        case .snapshot(let key):
            guard let snapshot = try await catalog.snapshot(key) else {
                throw StorageError(.notFound, "the snapshot \(key) does not exist", resource: key.resource)
            }
            _ = try await backend.copy(
                .snapshot(snapshot.reference), to: volume.identity, capacity: volume.capacity,
                context(of: operation))
        case .volume(let key):
            guard let origin = try await catalog.volume(key) else {
                throw StorageError(.notFound, "the volume \(key) does not exist", resource: key.resource)
            }
            _ = try await backend.copy(
                .volume(origin.identity), to: volume.identity, capacity: volume.capacity,
                context(of: operation, freezing: origin))
        case nil: throw StorageError(.internal, "a copy without a source was asked for", resource: volume.key.resource)
        }
    }

    private func takeSnapshot(
        _ operation: Operation, of volume: Volume, _ backend: any StorageBackend
    ) async throws(StorageError) {
        guard let name = operation.plan.snapshot else { return }
        defer { live.tell(nil, of: operation.id) }
        _ = try await backend.createSnapshot(
            SnapshotReference(volume: volume.identity, name: name), context(of: operation, freezing: volume))
    }

    /// Without a volume to freeze for a source that is not mounted.
    private func context(of operation: Operation, freezing source: Volume? = nil) -> CopyContext {
        CopyContext { (work) async throws(StorageError) in
            guard let source else { return try await work() }
            return try await frozen(source, work)
        } report: { progress in
            live.tell(progress, of: operation.id)
        }
    }

    private func removeSnapshots(
        _ operation: Operation, of volume: Volume, _ backend: any StorageBackend
    ) async throws(StorageError) {
        var names = try await catalog.snapshots(of: volume.key).map(\.key.name)
        if let name = operation.plan.snapshot {
            // What is left of one that failed may have left the volume frozen.
            _ = try await filesystem.thaw(volume.path)
            names = [name]
        }
        for name in names {
            _ = try await backend.removeSnapshot(SnapshotReference(volume: volume.identity, name: name))
        }
        if operation.plan == .delete, try pools.holding(volume).reader != nil {
            _ = try await backend.removeSnapshot(try .replica(of: volume))
        }
    }

    private func thaw(_ key: VolumeKey) async throws(StorageError) {
        guard let volume = try await catalog.volume(key) else { return }
        _ = try await filesystem.thaw(volume.path)
    }

    /// Runs `body` with the volume's writes stopped, and lets them go on whatever happens. If both fail, both causes
    /// are kept.
    private func frozen(_ volume: Volume, _ body: CopyContext.Work) async throws(StorageError) -> Outcome {
        try await requireOwnMount(volume)
        _ = try await filesystem.freeze(volume.path)
        let outcome: Outcome
        do throws(StorageError) {
            outcome = try await body()
            if givenUp.isRaised { throw StorageError(.cancelled, "the daemon ended while the volume was copied") }
        } catch {
            do { _ = try await filesystem.thaw(volume.path) } catch let second {
                throw StorageError(.internal, "\(error.message); and the filesystem stays frozen", cause: second)
            }
            throw error
        }
        _ = try await filesystem.thaw(volume.path)
        return outcome
    }
}
