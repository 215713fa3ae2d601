import Catalog
import StorageCore

/// One idempotent touch of the world. Its name is in the journal, the log and the operation's document.
enum Step: String, Sendable, Hashable {
    /// Blank storage of the volume's size.
    case allocate
    /// Storage with the content of the source, which is frozen meanwhile.
    case copy
    /// mkfs, on a device proven blank.
    case format
    /// A filesystem UUID of its own for a copy.
    case renew
    case mount
    case growStorage = "grow-storage"
    case growFilesystem = "grow-filesystem"
    case export
    case withdraw
    case unmount
    case removeStorage = "remove-storage"
    case takeSnapshot = "take-snapshot"
    case removeSnapshots = "remove-snapshots"
}

extension OperationPlan {
    /// The steps in their order: mount before export, withdraw before unmount, storage first in and last out.
    func steps(for volume: Volume) -> [Step] {
        switch self {
        case .create where volume.source != nil: [.copy, .renew, .mount, .growFilesystem, .export]
        case .create: [.allocate, .format, .mount, .export]
        case .update(let old, let new):
            (new.capacity > old.capacity ? [.growStorage, .growFilesystem] : [])
                + (new.clients != old.clients || new.squash != old.squash ? [.export] : [])
        case .delete: [.withdraw, .unmount, .removeSnapshots, .removeStorage]
        case .createSnapshot: [.takeSnapshot]
        case .deleteSnapshot: [.removeSnapshots]
        }
    }

    /// Whether, after a crash, it waits for what is held up. A deletion that cannot go on says so in its volume's condition,
    /// and is tried again from there.
    var waitsForRecovery: Bool {
        switch self {
        case .update, .deleteSnapshot: true
        case .create, .createSnapshot, .delete: false
        }
    }

    /// Whether a failure, or a crash, takes it back. What removes can only go on; what changes a volume that is in use
    /// goes on after a crash, and after a failure the record says what the reconciler restores.
    var isReversible: Bool {
        switch self {
        case .create, .createSnapshot: true
        case .update, .delete, .deleteSnapshot: false
        }
    }
}
