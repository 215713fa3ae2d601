import RBDWire
import StorageCore

extension RBDBackend {
    /// The caller freezes: the kernel's client lets go of the image's lock for the moment that Ceph needs.
    package func createSnapshot(
        _ snapshot: SnapshotReference, _ context: CopyContext
    ) async throws(StorageError) -> Outcome {
        let image = try await find(snapshot.volume)
        let name = RBDNames.snapshot(snapshot.name)
        if image.snapshots.contains(where: { $0.name == name }) { return .unchanged }
        // What its volume overwrites from now on is there twice.
        return try await admitting(snapshot.volume, ByteCount(image.size), in: []) { () async throws(StorageError) in
            try await context.whileFrozen { () async throws(StorageError) in
                try await ask(.takeSnapshot(image: image.name, snapshot: name), snapshot.volume)
                return .changed
            }
        }
    }

    package func removeSnapshot(_ snapshot: SnapshotReference) async throws(StorageError) -> Outcome {
        let name = RBDNames.snapshot(snapshot.name)
        guard let image = try await own(snapshot.volume), image.snapshots.contains(where: { $0.name == name }) else {
            return .unchanged
        }
        try await ask(.removeSnapshot(image: image.name, snapshot: name), snapshot.volume)
        return .changed
    }

    /// The copy shares its source's data and takes a moment; `RBDMaintenance` makes it stand on its own later.
    package func copy(
        _ source: CopySource, to volume: VolumeIdentity, capacity: ByteCount, _ context: CopyContext
    ) async throws(StorageError) -> Outcome {
        if try await existing(volume, capacity) { return .unchanged }
        let origin = try await find(source, for: volume)
        guard capacity.bytes >= origin.size else {
            throw StorageError(
                .invalidArgument,
                "a copy of \(ByteCount(origin.size)) does not fit into \(capacity); ask for as much at least",
                resource: volume.key.resource)
        }
        let outcome = try await admitting(volume, capacity) { () async throws(StorageError) in
            _ = try await removePartial(of: volume)
            return try await maintenance.keeping(origin.snapshot) { () async throws(StorageError) in
                try await clone(origin, to: volume, capacity, context)
                return .changed
            }
        }
        maintenance.begin(volume.key, capacity)
        return outcome
    }

    /// What a copy is cloned from.
    private struct Origin: Sendable {
        let image: String
        let snapshot: String
        let size: Int64
        /// It is there for this copy only, if at all.
        let isOwn: Bool
        let isTaken: Bool
    }

    private func find(
        _ source: CopySource, for volume: VolumeIdentity
    ) async throws(StorageError) -> Origin {
        switch source {
        case .volume(let origin):
            let (image, name) = (try await find(origin), RBDNames.source(of: volume.id))
            // One that an earlier try has left is of an earlier moment.
            return Origin(
                image: image.name, snapshot: name, size: image.size, isOwn: true,
                isTaken: image.snapshots.contains { $0.name == name })
        case .snapshot(let reference):
            let name = RBDNames.snapshot(reference.name)
            guard let image = try await own(reference.volume),
                let found = image.snapshots.first(where: { $0.name == name })
            else {
                throw StorageError(
                    .notFound,
                    "the Ceph pool \(place.path) holds no snapshot \(reference.name) of \(reference.volume.key)",
                    resource: volume.key.resource)
            }
            return Origin(image: image.name, snapshot: name, size: found.size, isOwn: false, isTaken: true)
        }
    }

    private func clone(
        _ origin: Origin, to volume: VolumeIdentity, _ capacity: ByteCount, _ context: CopyContext
    ) async throws(StorageError) {
        if origin.isOwn {
            if origin.isTaken {
                try await ask(.removeSnapshot(image: origin.image, snapshot: origin.snapshot), volume)
            }
            _ = try await context.whileFrozen { () async throws(StorageError) in
                try await ask(.takeSnapshot(image: origin.image, snapshot: origin.snapshot), volume)
                return .changed
            }
        }
        let partial = names.partialName(of: volume.id)
        let mark = StorageMark(volume, .volume).values
        try await ask(
            .clone(image: partial, of: origin.image, snapshot: origin.snapshot, metadata: mark), volume)
        if capacity.bytes > origin.size { try await ask(.resize(image: partial, size: capacity.bytes), volume) }
        try await ask(.rename(image: partial, to: names.name(of: volume.key)), volume)
    }
}
