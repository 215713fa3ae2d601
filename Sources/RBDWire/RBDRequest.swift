/// What the daemon asks of `convert2nfs-rbd`, which speaks librbd for one pool: a JSON object on a line of its own, and for each as many
/// answers as `RBDAnswer` says. Many may be under way at once.
package struct RBDCall: Codable, Sendable, Hashable {
    /// Answers carry it; not 0.
    package let id: Int
    package let request: RBDRequest

    package init(id: Int, request: RBDRequest) {
        self.id = id
        self.request = request
    }
}

/// Each is of images in the helper's pool and namespace, by their names. Sizes are bytes. An image that is not there is ENOENT.
package enum RBDRequest: Codable, Sendable, Hashable {
    /// Whether monitors and OSDs answer.
    case probe
    /// All images whose name begins with `prefix`: `images`.
    case list(prefix: String)
    /// What all images of the pool and their snapshots may hold at most, whoever they belong to, but for those with the names: `number`. What others did to
    /// theirs may be seen a minute late.
    case promised(besides: [String])
    /// `image`, with its watchers. What an interrupted call has left of its name is finished or undone first: nobody else may be at work on that name.
    case inspect(image: String)
    /// What the image and its snapshots take in the pool, in whole objects: `number`; tells its progress. EOPNOTSUPP if Ceph would have to look
    /// for each object.
    case stored(image: String)
    /// A new image with the features that the kernel's client has, and its metadata. EEXIST if there is one.
    case create(image: String, size: Int64, metadata: [String: String])
    /// A new image that shares all of a snapshot's data with it (clone format 2: the snapshot may go before the clone does).
    case clone(image: String, of: String, snapshot: String, metadata: [String: String])
    /// Sets what is named of its metadata.
    case annotate(image: String, metadata: [String: String])
    case rename(image: String, to: String)
    /// Never to less than it has.
    case resize(image: String, size: Int64)
    case takeSnapshot(image: String, snapshot: String)
    /// One that is not there: done.
    case removeSnapshot(image: String, snapshot: String)
    /// Copies into the image what it still shares; tells its progress.
    case flatten(image: String)
    /// Sets what is named of its metadata, and moves the image to the pool's trash. In a pool that is full, too.
    case moveToTrash(image: String, metadata: [String: String])
    /// Removes from the trash what was moved there under a name that begins with `prefix`, and whose metadata say what `mark` does:
    /// `number`, of those that are left since others share their data. In a pool that is full, too; tells its progress.
    case purge(prefix: String, mark: [String: String])
    /// Who has its exclusive lock: `addresses`, one at most.
    case lockOwners(image: String)
    /// Takes its lock from whoever has one of the addresses, all of which are on the blocklist. Nobody has it: done. The kernel's client, where
    /// it finds the lock of one that is gone, would ask the monitors once more to put that one on the list, and wait for them.
    case takeLock(image: String, from: [String])
    /// Puts a client's address on the cluster's blocklist, for so many seconds, and returns once no OSD serves it any more.
    case block(address: String, seconds: Int64)
    /// Ensures that the holder has the lease that is kept in the object, for so many seconds from now on by the OSD's clock. EBUSY if another has
    /// it.
    case hold(object: String, holder: String, seconds: Int64)
    /// Ensures that the holder has not got it.
    case letGo(object: String, holder: String)
    /// What is written in the object: `note`.
    case read(object: String)
    /// Writes it in the place of what has the version. ECANCELED if something else is there by now.
    case write(object: String, text: String, over: String)
    /// A command of the monitors, as JSON: `text`, what they say.
    case command(String)
    /// `connection`.
    case connection

    /// Whether something may have changed when nobody knows what came of it. A lease is held a little longer then, or by a client that is gone,
    /// and no longer than it lasts.
    package var changes: Bool {
        switch self {
        case .create, .clone, .annotate, .rename, .resize, .takeSnapshot, .removeSnapshot, .flatten, .moveToTrash,
            .purge, .takeLock, .inspect, .write:
            true
        case .probe, .list, .promised, .stored, .lockOwners, .block, .command, .connection, .hold, .letGo, .read:
            false
        }
    }
}
