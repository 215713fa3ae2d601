import HostTools
import StorageCore
import Synchronization

/// Whether the pool is in its directory. Asked before everything that is done there, so that a disk that is missing is
/// noticed at once and one that comes back is used again. All calls block.
final class LoopPresence: Sendable {
    private struct State {
        /// The one the directory must have; nil until it is known.
        var marker: LoopMarker?
        /// Nil until the pool was there once.
        var capacity: LoopCapacity?
        /// Why it was not there when it was last asked for.
        var refusal: String?
    }

    private let pool: LoopPool
    private let directory: LoopDirectory
    private let note: @Sendable (String) -> Void
    private let state = Mutex(State())

    init(pool: LoopPool, directory: LoopDirectory, note: @escaping @Sendable (String) -> Void) {
        self.pool = pool
        self.directory = directory
        self.note = note
    }

    /// What the pool has promised. Throws `unavailable`, having written nothing into the directory, if that does not hold
    /// the pool.
    func capacity() throws -> LoopCapacity {
        try state.withLock { state in
            do {
                let capacity = try look(&state)
                if state.refusal != nil { note("the directory \(directory.path) holds the pool \(pool.name) again") }
                state.refusal = nil
                return capacity
            } catch {
                let refusal = (error as? StorageError)?.message ?? "the pool \(pool.name) does not answer: \(error)"
                if state.refusal != refusal { note(refusal) }
                state.refusal = refusal
                throw error
            }
        }
    }

    private func look(_ state: inout State) throws -> LoopCapacity {
        let marker = try state.marker ?? recorded() ?? adopt()
        state.marker = marker
        guard try LoopMarker.find(directory.marker) == .marker(marker) else {
            throw StorageError(
                .unavailable,
                "the directory \(directory.path) does not hold the pool \(pool.name) (its disk may not be mounted): "
                    + "mount it; if the disk was replaced on purpose, remove \(pool.record) and restart")
        }
        if let capacity = state.capacity { return capacity }
        let capacity = LoopCapacity(
            directory: directory, sharesExtents: try SparseFile.canClone(in: directory.path),
            overcommit: pool.overcommit)
        try capacity.load(try directory.list())
        state.capacity = capacity
        return capacity
    }

    private func recorded() throws -> LoopMarker? {
        switch try LoopMarker.find(pool.record) {
        case .nothing: return nil
        case .marker(let marker): return marker
        case .blank, .other:
            throw StorageError(
                .unavailable,
                "\(pool.record) does not say which pool \(directory.path) holds; see that the pool's disk is mounted, "
                    + "remove the file, and restart")
        }
    }

    /// Makes the directory the pool, or takes over the marker that it has, and remembers it. Nothing is done in the
    /// directory before both are durable. The marker comes first: after a crash between the two it is taken over, while a
    /// record without a marker would look like a missing disk.
    private func adopt() throws -> LoopMarker {
        let marker: LoopMarker
        let event: String
        switch try LoopMarker.find(directory.marker) {
        case .marker(let found): (marker, event) = (found, "is known as")
        case .other:
            throw StorageError(
                .unavailable, "\(directory.marker) is not what marks a pool; move it away, or mount the pool's disk")
        case .nothing where try isMissingVolumes:
            throw StorageError(
                .unavailable,
                "the directory \(directory.path) holds no volume of the pool \(pool.name), the catalog knows some (the "
                    + "pool's disk may not be mounted): mount it; if they are lost for good, make the empty file "
                    + directory.marker)
        case .nothing, .blank:
            (marker, event) = (LoopMarker(), "is now")
            if try Directory.ensureExists(directory.path, mode: 0o700) {
                try DurableFile.syncDirectory(of: directory.path)
            }
            try marker.write(to: directory.marker)
        }
        try remember(marker)
        note("the directory \(directory.path) \(event) the pool \(pool.name), with the id \(marker.id)")
        return marker
    }

    private var isMissingVolumes: Bool {
        get throws {
            guard pool.holdsVolumes, try Directory.names(in: directory.path) != nil else { return pool.holdsVolumes }
            return try directory.list().items.isEmpty
        }
    }

    private func remember(_ marker: LoopMarker) throws {
        let parent = String(pool.record[..<(pool.record.lastIndex(of: "/") ?? pool.record.startIndex)])
        if try Directory.ensureExists(parent, mode: 0o700) { try DurableFile.syncDirectory(of: parent) }
        try marker.write(to: pool.record)
    }
}
