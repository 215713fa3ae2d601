import HostTools
import StorageCore

extension LoopBackend {
    package func copy(
        _ source: CopySource, to volume: VolumeIdentity, capacity size: ByteCount, _ context: CopyContext
    ) async throws(StorageError) -> Outcome {
        try await context.whileFrozen { () async throws(StorageError) in
            try await copyNow(source, to: volume, capacity: size, context)
        }
    }

    private func copyNow(
        _ source: CopySource, to volume: VolumeIdentity, capacity size: ByteCount, _ context: CopyContext
    ) async throws(StorageError) -> Outcome {
        try await perform("copying to \(volume.key)", volume.key.resource, deadline: Self.copyDeadline) {
            capacity, token in
            let item = LoopItem.volume(volume.key)
            if try existing(item, of: volume, size: size.bytes) { return .unchanged }
            let (origin, owner) = Self.origin(source)
            let image = try image(of: origin, owner)
            guard size.bytes >= image.size else {
                throw StorageError(
                    .invalidArgument,
                    "a copy of \(ByteCount(image.size)) does not fit into \(size); ask for as much at least",
                    resource: item.resource)
            }
            let job = CopyJob(
                source: origin, target: item, size: size.bytes, need: LoopLedger.withMetadata(size.bytes))
            try run(job, owner: volume, snapshot: nil, capacity, token, context)
            return .changed
        }
    }

    package func createSnapshot(
        _ snapshot: SnapshotReference, _ context: CopyContext
    ) async throws(StorageError) -> Outcome {
        try await context.whileFrozen { () async throws(StorageError) in try await snapshotNow(snapshot, context) }
    }

    private func snapshotNow(
        _ snapshot: SnapshotReference, _ context: CopyContext
    ) async throws(StorageError) -> Outcome {
        let item = LoopItem(snapshot)
        return try await perform("taking the snapshot \(item.stem)", item.resource, deadline: Self.copyDeadline) {
            capacity, token in
            if try existing(item, of: snapshot.volume, size: nil) { return .unchanged }
            let origin = LoopItem.volume(snapshot.volume.key)
            let image = try image(of: origin, snapshot.volume)
            // A clone takes nothing by itself, a full copy what the volume has written so far.
            let need = capacity.sharesExtents ? 0 : LoopLedger.withMetadata(image.allocated)
            let job = CopyJob(source: origin, target: item, size: image.size, need: need)
            try run(job, owner: snapshot.volume, snapshot: snapshot.name, capacity, token, context)
            return .changed
        }
    }

    /// How long a copy may stand still, its source frozen; cloning the extents of one image is one call.
    private static let copyDeadline = Duration.seconds(300)

    private static func origin(_ source: CopySource) -> (item: LoopItem, owner: VolumeIdentity) {
        switch source {
        case .volume(let volume): (.volume(volume.key), volume)
        case .snapshot(let snapshot): (LoopItem(snapshot), snapshot.volume)
        }
    }

    private struct CopyJob {
        let source: LoopItem
        let target: LoopItem
        let size: Int64
        /// What the target takes; what sharing costs the source comes on top.
        let need: Int64
    }

    /// Copies under a temporary name, and gives the copy its name when it is complete and durable: an image that has
    /// its name is whole, whatever happened in between.
    private func run(
        _ job: CopyJob, owner: VolumeIdentity, snapshot: SnapshotName?, _ capacity: LoopCapacity,
        _ token: CancellationToken, _ context: CopyContext
    ) throws {
        let family = try directory.state(of: job.source).identity?.family ?? owner.id
        try capacity.admitCopy(of: job.source, to: job.target, job.size, family: family, need: job.need)
        try cleaningUp(job.target, capacity) {
            try directory.ensureIdentity(LoopIdentity(owner, snapshot: snapshot, family: family))
            let source = directory.path(job.source, .image)
            let partial = directory.path(job.target, .partialImage)
            try DurableFile.remove(partial, syncsDirectory: false)
            if capacity.sharesExtents {
                try SparseFile.clone(source, to: partial)
            } else {
                try SparseFile.copy(source, to: partial, token: token) { done, total in
                    context.tell(CopyProgress(done: ByteCount(done), total: ByteCount(total)))
                }
            }
            try SparseFile.resize(partial, to: job.size)
            try token.check()
            try SparseFile.rename(partial, to: directory.path(job.target, .image))
            try directory.sync()
            capacity.complete(job.target)
            if let image = try FileFacts.of(directory.path(job.target, .image)) { attachments.noteNew(image.id) }
        }
    }
}
