import Catalog
import StorageCore

/// A change of a volume; what is nil stays as it is.
package struct VolumeChange: Sendable {
    package var capacity: ByteCount?
    package var squash: Squash?
    package var clients: [ClientRule]?

    package init(capacity: ByteCount? = nil, squash: Squash? = nil, clients: [ClientRule]? = nil) {
        self.capacity = capacity
        self.squash = squash
        self.clients = clients
    }
}

extension VolumeManager {
    /// Ensures the change, online. `invalidArgument` for a capacity below the volume's, `conflict` for a volume that is
    /// quarantined, `busy` for one that is being made or deleted, `outOfCapacity` when the pool has no room, `unavailable`
    /// for a growth that this node cannot do.
    package func update(_ key: VolumeKey, _ change: VolumeChange) async throws(StorageError) -> Work<Volume> {
        try await update(key) { _ in change }
    }

    /// Ensures that `address` has `access`; other clients stay.
    package func setClient(_ rule: ClientRule, of key: VolumeKey) async throws(StorageError) -> Work<Volume> {
        try await update(key) { volume in
            VolumeChange(clients: volume.clients.filter { $0.address != rule.address } + [rule])
        }
    }

    /// Ensures that `address` is no client; what it holds is revoked. Other clients stay. A volume that does not exist
    /// has no clients: nil, `.unchanged`.
    package func removeClient(_ address: ClientAddress, of key: VolumeKey) async throws(StorageError) -> Work<Volume?> {
        guard try await catalog.volume(key) != nil else { return .done(nil, .unchanged) }
        let work = try await update(key) { volume in
            VolumeChange(clients: volume.clients.filter { $0.address != address })
        }
        switch work {
        case .done(let volume, let outcome): return .done(volume, outcome)
        case .running(let operation): return .running(operation)
        }
    }

    private func update(
        _ key: VolumeKey, change: (Volume) -> VolumeChange
    ) async throws(StorageError) -> Work<Volume> {
        try await submit([key]) { () async throws(StorageError) -> Decision<Volume> in
            let volume = try await volume(key)
            try requireServed(volume)
            let old = VolumeSettings(of: volume)
            let new = try settings(of: volume, after: change(volume))
            if new.capacity > old.capacity { try requireGrowable(volume) }
            let plan = OperationPlan.update(from: old, to: new)
            guard let first = plan.steps(for: volume).first else { return .unchanged(volume) }
            let operation = Operation(volume: volume.identity, plan: plan, step: first.rawValue, startedAt: now())
            let phase = new.capacity > old.capacity ? Phase.resizing : volume.phase
            let moved = try volume.moved(to: phase, volume.condition)
            try await catalog.begin(operation, [.putVolume(moved)])
            return .run(operation, moved)
        } result: { manager async throws(StorageError) in
            try await manager.volume(key)
        }
    }

    /// Before anything is touched: an image that has grown stays larger than its filesystem if that then cannot follow.
    private func requireGrowable(_ volume: Volume) throws(StorageError) {
        _ = try pools.holding(volume)
        guard let reason = settings.growthRefusals[volume.filesystem] else { return }
        throw StorageError(.unavailable, reason, resource: volume.key.resource)
    }

    private func settings(of volume: Volume, after change: VolumeChange) throws(StorageError) -> VolumeSettings {
        let capacity = try (change.capacity ?? volume.capacity).roundedUp(to: VolumeSpec.granularity)
        guard capacity >= volume.capacity else {
            throw StorageError(
                .invalidArgument,
                "the volume \(volume.key) has \(volume.capacity) and cannot shrink to \(capacity); make a smaller volume and copy into it",
                resource: volume.key.resource)
        }
        try volume.filesystem.admit(capacity)
        return VolumeSettings(
            capacity: capacity, squash: change.squash ?? volume.squash,
            clients: try change.clients.map(ClientRule.normalized) ?? volume.clients)
    }

    func requireServed(_ volume: Volume) throws(StorageError) {
        switch volume.phase {
        case .ready, .resizing, .failed: return
        case .creating, .deleting:
            throw StorageError(
                .busy, "the volume \(volume.key) is \(volume.phase.rawValue)", resource: volume.key.resource)
        case .quarantined:
            throw StorageError(
                .conflict, "the volume \(volume.key) is quarantined: \(volume.condition.message)",
                resource: volume.key.resource)
        }
    }
}
