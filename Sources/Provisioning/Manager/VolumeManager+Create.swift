import Catalog
import StorageCore

extension VolumeManager {
    /// Ensures a volume as `spec` says: mounted, exported to its clients. The same spec again is `.unchanged`: the
    /// one it was made with, whatever was changed since, or what it is now. `conflict` with both values if the name exists with another spec, or another volume has its path; `notFound` for
    /// an unknown pool or source; `outOfCapacity` when the pool has no room. A create that fails leaves nothing behind.
    package func create(_ spec: VolumeSpec) async throws(StorageError) -> Work<Volume> {
        let key = spec.key
        _ = try pools[spec.pool]
        return try await submit(Set([key, spec.source?.origin].compactMap(\.self))) {
            () async throws(StorageError) -> Decision<Volume> in
            if let existing = try await catalog.volume(key) {
                try await requireSame(existing, spec)
                return .unchanged(existing)
            }
            try await requireFittingSource(spec)
            let draft = VolumeDraft(id: VolumeID(), spec: spec, path: settings.paths.path(for: key), createdAt: now())
            let first = spec.source == nil ? Step.allocate : .copy
            let identity = VolumeIdentity(id: draft.id, key: key)
            let operation = Operation(volume: identity, plan: .create, step: first.rawValue, startedAt: now())
            return .run(operation, try await catalog.begin(operation, creating: draft))
        } result: { manager async throws(StorageError) in
            try await manager.volume(key)
        }
    }

    /// A caller that retries names the spec the volume was made with, also after somebody has grown it.
    private func requireSame(_ existing: Volume, _ spec: VolumeSpec) async throws(StorageError) {
        let differences = differences(existing, spec)
        if !differences.isEmpty {
            let original = try await catalog.settings(createdWith: spec.key).map(existing.with)
            guard let original, self.differences(original, spec).isEmpty else {
                throw StorageError(
                    .conflict,
                    "the volume \(spec.key) exists with another spec: \(differences.joined(separator: "; "))",
                    resource: spec.key.resource)
            }
        }
        try requireUsable(existing, spec)
    }

    private func differences(_ existing: Volume, _ spec: VolumeSpec) -> [String] {
        [
            difference("capacity", existing.capacity, spec.capacity),
            difference("pool", existing.pool, spec.pool),
            difference("filesystem", existing.filesystem.rawValue, spec.filesystem.rawValue),
            difference("squash", existing.squash.rawValue, spec.squash.rawValue),
            difference("source", describe(existing.source), describe(spec.source)),
            difference("clients", describe(existing.clients), describe(spec.clients)),
        ].compactMap(\.self)
    }

    private func requireUsable(_ existing: Volume, _ spec: VolumeSpec) throws(StorageError) {
        let resource = spec.key.resource
        switch existing.phase {
        case .ready, .resizing, .failed: return
        case .creating:
            throw StorageError(.busy, "the volume \(spec.key) is still being created; ask again", resource: resource)
        case .deleting:
            throw StorageError(
                .busy, "the volume \(spec.key) is being deleted; ask again when it is gone", resource: resource)
        case .quarantined:
            throw StorageError(
                .conflict,
                "the volume \(spec.key) is quarantined: \(existing.condition.message); look at it, then delete it",
                resource: resource)
        }
    }

    /// The pool and filesystem that `key` has as a copy of `source`: its own if it was made from it already, when the
    /// source may be gone. Throws `notFound` if there is no such source.
    package func traits(
        of source: VolumeSource, for key: VolumeKey
    ) async throws(StorageError) -> (pool: PoolName, filesystem: FilesystemKind) {
        if let existing = try await catalog.volume(key), existing.source == source {
            return (existing.pool, existing.filesystem)
        }
        switch source {
        case .snapshot(let key):
            let snapshot = try await snapshot(key)
            return (snapshot.pool, snapshot.filesystem)
        case .volume(let key):
            let volume = try await volume(key)
            return (volume.pool, volume.filesystem)
        }
    }

    private func requireFittingSource(_ spec: VolumeSpec) async throws(StorageError) {
        guard let source = spec.source else { return }
        switch source {
        case .snapshot(let key):
            guard let snapshot = try await catalog.snapshot(key), snapshot.isReady else {
                throw StorageError(.notFound, "the snapshot \(key) does not exist", resource: key.resource)
            }
            try requireFit(spec, snapshot.pool, snapshot.filesystem, snapshot.capacity, "the snapshot \(key)")
        case .volume(let key):
            guard key != spec.key else {
                throw StorageError(.invalidArgument, "a volume cannot be its own source", resource: key.resource)
            }
            guard let origin = try await catalog.volume(key), origin.phase.isServed else {
                throw StorageError(
                    .notFound, "there is no volume \(key) that is ready to be copied", resource: key.resource)
            }
            try requireFit(spec, origin.pool, origin.filesystem, origin.capacity, "the volume \(key)")
        }
    }

    private func requireFit(
        _ spec: VolumeSpec, _ pool: PoolName, _ filesystem: FilesystemKind, _ capacity: ByteCount, _ source: String
    ) throws(StorageError) {
        let flaw: String? =
            if spec.pool != pool {
                "is in the pool \(pool), not in \(spec.pool); a copy stays in its source's pool"
            } else if spec.filesystem != filesystem {
                "has \(filesystem.rawValue), not \(spec.filesystem.rawValue); a copy keeps its source's filesystem"
            } else if spec.capacity < capacity {
                "has \(capacity), more than \(spec.capacity); a copy has at least its source's size"
            } else {
                nil
            }
        if let flaw { throw StorageError(.invalidArgument, "\(source) \(flaw)", resource: spec.key.resource) }
    }
}

private func difference(
    _ field: String, _ existing: some Equatable & CustomStringConvertible, _ asked: some CustomStringConvertible
) -> String? {
    existing.description == asked.description ? nil : "\(field) is \(existing), asked for \(asked)"
}

private func describe(_ source: VolumeSource?) -> String {
    switch source {
    case nil: "none"
    case .snapshot(let key)?: "snapshot \(key)"
    case .volume(let key)?: "volume \(key)"
    }
}

private func describe(_ clients: [ClientRule]) -> String {
    clients.isEmpty ? "nobody" : clients.map { "\($0.address) \($0.access.rawValue)" }.joined(separator: ", ")
}
