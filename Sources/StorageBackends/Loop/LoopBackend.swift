import HostTools
import StorageCore
import Synchronization

/// A pool of sparse image files in a directory, attached to loop devices: the embedded default, for machines whose
/// kernel has no device-mapper. Needs root.
///
/// Each volume is `NAMESPACE.NAME.img` with its identity in `NAMESPACE.NAME.json`; snapshots are
/// `NAMESPACE.NAME@SNAPSHOT.img` and `.json`. A namesake of a deleted volume is a `conflict` for as long as snapshots
/// of the same name are kept. One daemon works on a directory at a time; that is for the caller to see to.
package struct LoopBackend: StorageBackend {
    /// Whether copies and snapshots share extents with their source (XFS and btrfs reflink). Then they take a moment
    /// and no room; otherwise they are full copies, and the source stays frozen for as long as that takes.
    package let sharesExtents: Bool

    let directory: LoopDirectory
    let attachments: LoopAttachments
    let capacity: LoopCapacity
    let work: BlockingWork

    /// Opens the pool: ensures the directory (0700 if it is made here), tries whether files in it can share extents, and reads what
    /// is there. `overcommit` is how many times the room of the filesystem may be promised; with 1 every volume can be
    /// filled.
    package static func open(directory path: String, overcommit: Double = 1) async throws(StorageError) -> LoopBackend {
        guard path.hasPrefix("/"), overcommit >= 1, overcommit <= 1000 else {
            throw StorageError(
                .invalidArgument,
                "a loop pool needs an absolute directory and an overcommit of 1 to 1000, not \(path) and \(overcommit)")
        }
        let work = BlockingWork(label: "loop pool")
        return try await work.perform("opening the loop pool in \(path)", deadline: .seconds(60)) { _ in
            try Directory.ensureExists(path, mode: 0o700)
            let canShare = try SparseFile.canClone(in: path)
            let directory = LoopDirectory(path: path)
            let capacity = LoopCapacity(directory: directory, sharesExtents: canShare, overcommit: overcommit)
            try capacity.load(try directory.list())
            return LoopBackend(
                sharesExtents: canShare, directory: directory,
                attachments: LoopAttachments(devices: LoopDevices()), capacity: capacity, work: work)
        }
    }

    /// How long one call may block, copies excepted. The calls are a few system calls each; what takes longer hangs.
    static let deadline = Duration.seconds(120)

    package func create(_ volume: VolumeIdentity, capacity size: ByteCount) async throws(StorageError) -> Outcome {
        try await perform("creating the image of \(volume.key)", volume.key.resource) { _ in
            let item = LoopItem.volume(volume.key)
            if try existing(item, of: volume, size: size.bytes) { return .unchanged }
            let need = LoopLedger.withMetadata(size.bytes)
            try self.capacity.admit(item, size.bytes, family: volume.id, need: need)
            try cleaningUp(item) {
                try directory.ensureIdentity(LoopIdentity(volume, family: volume.id))
                let path = directory.path(item, .image)
                // One without a size is what a crash left of an earlier try.
                try DurableFile.remove(path, syncsDirectory: false)
                try SparseFile.create(path, size: size.bytes)
                try directory.sync()
                if let image = try FileFacts.of(path) { attachments.noteNew(image.id) }
            }
            return .changed
        }
    }

    /// Whether the item is there already, complete and as large as it is asked for; `conflict` if it has another size.
    func existing(_ item: LoopItem, of volume: VolumeIdentity, size: Int64?) throws -> Bool {
        let state = try directory.state(of: item, for: volume)
        guard state.identity != nil, let image = state.image, image.size > 0 else { return false }
        guard let size, image.size != size else { return true }
        throw StorageError(
            .conflict, "\(item.stem) is there with \(ByteCount(image.size)), not \(ByteCount(size))",
            resource: item.resource)
    }

    /// Does `body`; if it fails, nothing is left of the item, and its promise is taken back.
    func cleaningUp(_ item: LoopItem, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch {
            do {
                _ = try directory.remove(item)
                capacity.release(item)
            } catch let second {
                throw StorageError(
                    .internal, "\(error); and what it had made could not be removed: \(second)",
                    resource: item.resource, cause: second)
            }
            throw error
        }
    }

    package func grow(_ volume: VolumeIdentity, to size: ByteCount) async throws(StorageError) -> Outcome {
        try await perform("growing the image of \(volume.key)", volume.key.resource) { _ in
            let item = LoopItem.volume(volume.key)
            let image = try image(of: item, volume)
            var outcome = Outcome.unchanged
            if image.size < size.bytes {
                try self.capacity.enlarge(item, from: image.size, to: size.bytes)
                do {
                    try SparseFile.resize(directory.path(item, .image), to: size.bytes)
                } catch {
                    self.capacity.shrink(item, to: image.size)
                    throw error
                }
                outcome = .changed
            }
            // Also after a crash between the two.
            let isLarger = try attachments.refresh(image.id, size: max(image.size, size.bytes))
            return isLarger ? .changed : outcome
        }
    }

    package func remove(_ volume: VolumeIdentity) async throws(StorageError) -> Outcome {
        try await removeItem(.volume(volume.key), of: volume)
    }

    package func removeSnapshot(_ snapshot: SnapshotReference) async throws(StorageError) -> Outcome {
        try await removeItem(LoopItem(snapshot), of: snapshot.volume)
    }

    private func removeItem(_ item: LoopItem, of volume: VolumeIdentity) async throws(StorageError) -> Outcome {
        try await perform("removing \(item.stem)", item.resource) { _ in
            let state = try directory.state(of: item)
            // Of a namesake, or not ours: there is nothing of this volume.
            if let other = state.identity, other.id != volume.id { return .unchanged }
            if state.identity == nil && state.image != nil { return .unchanged }
            if let image = state.image {
                _ = try attachments.detach(image.id)
                attachments.forget(image.id)
            }
            let hasChanged = try directory.remove(item)
            capacity.release(item)
            return hasChanged ? .changed : .unchanged
        }
    }

    package func activate(_ volume: VolumeIdentity) async throws(StorageError) -> DevicePath {
        try await perform("attaching \(volume.key)", volume.key.resource) { _ in
            let item = LoopItem.volume(volume.key)
            let image = try image(of: item, volume)
            return DevicePath(try attachments.attach(directory.path(item, .image), image.id).path)
        }
    }

    package func deactivate(_ volume: VolumeIdentity) async throws(StorageError) -> Outcome {
        let end = ContinuousClock.now + Self.releasePatience
        while true {
            do throws(StorageError) {
                return try await detach(volume)
            } catch {
                guard error.code == .busy, ContinuousClock.now < end,
                    (try? await Task.sleep(for: .milliseconds(20))) != nil
                else { throw error }
            }
        }
    }

    /// A program that begins a mount namespace of its own (a container that starts) has a copy of every mount for a
    /// moment, and keeps the device busy after the unmount.
    private static let releasePatience = Duration.seconds(1)

    private func detach(_ volume: VolumeIdentity) async throws(StorageError) -> Outcome {
        try await perform("detaching \(volume.key)", volume.key.resource) { _ in
            let state = try directory.state(of: .volume(volume.key))
            guard state.identity?.id == volume.id, let image = state.image else { return .unchanged }
            return try attachments.detach(image.id) ? .changed : .unchanged
        }
    }

    /// The image that must be there; `notFound` if it is not, or belongs to a namesake.
    func image(of item: LoopItem, _ volume: VolumeIdentity) throws -> FileFacts {
        let state = try directory.state(of: item)
        guard state.identity?.id == volume.id, let image = state.image, image.size > 0 else {
            throw StorageError(
                .notFound, "the pool in \(directory.path) holds no \(item.stem) with the id \(volume.id)",
                resource: item.resource)
        }
        return image
    }

    func perform<Value: Sendable>(
        _ action: String, _ resource: String, deadline: Duration? = LoopBackend.deadline,
        _ body: @escaping @Sendable (CancellationToken) throws -> Value
    ) async throws(StorageError) -> Value {
        do {
            return try await work.perform(action, deadline: deadline, body)
        } catch {
            throw error.about(resource)
        }
    }
}
