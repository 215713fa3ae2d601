import HostTools
import StorageCore
import Synchronization

/// A pool of sparse image files in a directory, attached to loop devices: the embedded default, for machines whose
/// kernel has no device-mapper. Needs root.
///
/// Each volume is `NAMESPACE.NAME.img` with its identity in `NAMESPACE.NAME.json`; snapshots are
/// `NAMESPACE.NAME@SNAPSHOT.img` and `.json`. Copies and snapshots share extents with their source where the directory's
/// filesystem can (XFS and btrfs reflink): then they take a moment and no room; otherwise they are full copies, and the
/// source stays frozen for as long as that takes. A namesake of a deleted volume is a `conflict` for as long as snapshots
/// of the same name are kept. One daemon works on a directory at a time; that is for the caller to see to.
package struct LoopBackend: StorageBackend {
    let directory: LoopDirectory
    let attachments = LoopAttachments(devices: LoopDevices())
    private let presence: LoopPresence
    private let work = BlockingWork(label: "loop pool")

    /// Touches nothing yet. Every call looks first whether the directory holds the pool, and is `unavailable` if it does
    /// not: its disk is not mounted, or is another one. As soon as it is there, the pool answers again. `note` gets what an
    /// operator should know, in words: that a directory became the pool, that it is missing, that it is back.
    package init(_ pool: LoopPool, note: @escaping @Sendable (String) -> Void) {
        directory = LoopDirectory(path: pool.directory)
        presence = LoopPresence(pool: pool, directory: directory, note: note)
    }

    /// How long one call may block, copies excepted (`copyDeadline`). The calls are a few system calls each; what takes longer hangs.
    static let deadline = Duration.seconds(120)

    package func create(_ volume: VolumeIdentity, capacity size: ByteCount) async throws(StorageError) -> Outcome {
        try await perform("creating the image of \(volume.key)", volume.key.resource) { capacity, _ in
            let item = LoopItem.volume(volume.key)
            if try existing(item, of: volume, size: size.bytes) { return .unchanged }
            let need = LoopLedger.withMetadata(size.bytes)
            try capacity.admit(item, size.bytes, family: volume.id, need: need)
            try cleaningUp(item, capacity) {
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
    func cleaningUp(_ item: LoopItem, _ capacity: LoopCapacity, _ body: () throws -> Void) throws {
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
        try await perform("growing the image of \(volume.key)", volume.key.resource) { capacity, _ in
            let item = LoopItem.volume(volume.key)
            let image = try image(of: item, volume)
            var outcome = Outcome.unchanged
            if image.size < size.bytes {
                try capacity.enlarge(item, from: image.size, to: size.bytes)
                do {
                    try SparseFile.resize(directory.path(item, .image), to: size.bytes)
                } catch {
                    capacity.shrink(item, to: image.size)
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
        try await perform("removing \(item.stem)", item.resource) { capacity, _ in
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

    package func activate(_ volumes: [VolumeIdentity]) async -> [VolumeID: Result<DevicePath, StorageError>] {
        await each(of: volumes) { volume throws(StorageError) in try await attach(volume) }
    }

    private func attach(_ volume: VolumeIdentity) async throws(StorageError) -> DevicePath {
        try await perform("attaching \(volume.key)", volume.key.resource) { _, _ in
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
        try await perform("detaching \(volume.key)", volume.key.resource) { _, _ in
            let item = LoopItem.volume(volume.key)
            let state = try directory.state(of: item)
            // An image that somebody took away may be attached all the same.
            guard let image = state.image else {
                return try attachments.detachRemoved(directory.path(item, .image)) ? .changed : .unchanged
            }
            guard state.identity?.id == volume.id else { return .unchanged }
            return try attachments.detach(image.id) ? .changed : .unchanged
        }
    }

    /// The image that must be there; `notFound` if it is not, or belongs to a namesake, `conflict` if nothing says whose it
    /// is.
    func image(of item: LoopItem, _ volume: VolumeIdentity) throws -> FileFacts {
        let found = try directory.state(of: item)
        let state = found.identity == nil ? try directory.state(of: item, for: volume) : found
        guard state.identity?.id == volume.id, let image = state.image, image.size > 0 else {
            throw StorageError(
                .notFound, "the pool in \(directory.path) holds no \(item.stem) with the id \(volume.id)",
                resource: item.resource)
        }
        return image
    }

    /// Does `body` if the pool is in its directory; `unavailable` if it is not.
    func perform<Value: Sendable>(
        _ action: String, _ resource: String, deadline: Duration = LoopBackend.deadline,
        _ body: @escaping @Sendable (LoopCapacity, CancellationToken) throws -> Value
    ) async throws(StorageError) -> Value {
        do {
            return try await work.perform(action, on: resource, deadline: deadline) { [presence] token in
                try body(try presence.capacity(), token)
            }
        } catch {
            throw error.about(resource)
        }
    }
}
