import Catalog
import StorageCore

/// What the end of an operation changes in the catalog, in the same transaction as its last journal entry.
struct Ending {
    private let operation: Operation
    private let volume: Volume
    private let action: OperationMachine.Action

    init(_ operation: Operation, _ volume: Volume, _ action: OperationMachine.Action) {
        self.operation = operation
        self.volume = volume
        self.action = action
    }

    func changes(in catalog: Catalog) async throws(StorageError) -> [CatalogChange] {
        switch operation.plan {
        case .create: try create()
        case .update(let old, let new): try update(from: old, to: new)
        case .delete: try await delete(catalog)
        case .createSnapshot(let name): try await createSnapshot(SnapshotKey(volume: volume.key, name: name), catalog)
        case .deleteSnapshot(let name): try deleteSnapshot(SnapshotKey(volume: volume.key, name: name))
        }
    }

    private var isSuccess: Bool { action == .succeed }
    private var reason: String { operation.reason ?? "unknown" }

    private func create() throws(StorageError) -> [CatalogChange] {
        switch action {
        case .succeed: [.putVolume(try volume.moved(to: .ready, .normal))]
        case .quarantine: [.putVolume(try volume.moved(to: .quarantined, .abnormal(reason)))]
        case .fail, .perform, .undo, .postpone: [.removeVolume(volume.key)]
        }
    }

    private func update(from old: VolumeSettings, to new: VolumeSettings) throws(StorageError) -> [CatalogChange] {
        if isSuccess { return [.putVolume(try volume.with(new).moved(to: .ready, .normal))] }
        if isUntouched(old, new) { return [.putVolume(try volume.with(old).moved(to: .ready, volume.condition))] }
        return [.putVolume(try volume.with(old).moved(to: .failed, .abnormal("the last change failed: \(reason)")))]
    }

    /// Whether the volume is as healthy as before. A change of access that failed is set right by the reconciler; storage that
    /// may have grown in part is not, unless the growth was refused.
    private func isUntouched(_ old: VolumeSettings, _ new: VolumeSettings) -> Bool {
        guard operation.cursor == 0 else { return false }
        guard new.capacity > old.capacity, let code = operation.failure?.code else { return true }
        return [.outOfCapacity, .conflict, .invalidArgument, .notFound].contains(code)
    }

    private func delete(_ catalog: Catalog) async throws(StorageError) -> [CatalogChange] {
        guard isSuccess else {
            return [.putVolume(try volume.moved(to: .deleting, .abnormal("deleting it failed, ask again: \(reason)")))]
        }
        return try await catalog.snapshots(of: volume.key).map { .removeSnapshot($0.key) } + [.removeVolume(volume.key)]
    }

    private func createSnapshot(_ key: SnapshotKey, _ catalog: Catalog) async throws(StorageError) -> [CatalogChange] {
        switch action {
        case .succeed:
            guard var snapshot = try await catalog.snapshot(key) else { return [] }
            snapshot.isReady = true
            return [.putSnapshot(snapshot)]
        // The row stays, not ready, so that what is left of the snapshot can be deleted by its name.
        case .quarantine:
            return [.putVolume(try volume.moved(to: .failed, .abnormal(Self.leftover(key) + reason)))]
        case .fail, .perform, .undo, .postpone: return [.removeSnapshot(key)]
        }
    }

    /// What a failed snapshot left is gone, and the volume thawed: then it is as it was before, unless another change of
    /// it has failed since.
    private func deleteSnapshot(_ key: SnapshotKey) throws(StorageError) -> [CatalogChange] {
        guard isSuccess else { return [] }
        guard volume.phase == .failed, volume.condition.message.hasPrefix(Self.leftover(key)) else {
            return [.removeSnapshot(key)]
        }
        return [.removeSnapshot(key), .putVolume(try volume.moved(to: .ready, .normal))]
    }

    private static func leftover(_ key: SnapshotKey) -> String { "the snapshot \(key.name) failed: " }
}

extension Operation {
    /// Why it failed: with this ends the condition of a volume that it leaves unwell.
    package var reason: String? { failure.map { "\($0.error)" } }
}

extension Volume {
    func with(_ settings: VolumeSettings) -> Volume {
        var copy = self
        copy.capacity = settings.capacity
        copy.squash = settings.squash
        copy.clients = settings.clients
        return copy
    }

    /// In another phase. Throws `internal` for a move that `Phase.successors` does not know.
    func moved(to phase: Phase, _ condition: Condition) throws(StorageError) -> Volume {
        guard phase == self.phase || self.phase.successors.contains(phase) else {
            throw StorageError(
                .internal, "a volume that is \(self.phase.rawValue) cannot become \(phase.rawValue)",
                resource: key.resource)
        }
        var copy = self
        copy.phase = phase
        copy.condition = condition
        return copy
    }
}
