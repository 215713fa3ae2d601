import Hummingbird
import StorageCore

extension RequestContext {
    /// The volume that `{namespace}/{name}` of the path names.
    var volumeKey: VolumeKey {
        get throws { try VolumeKey(parameters.require("namespace"), parameters.require("name")) }
    }

    /// The snapshot that `{namespace}/{name}/snapshots/{snapshot}` of the path names.
    var snapshotKey: SnapshotKey {
        get throws { SnapshotKey(volume: try volumeKey, name: try SnapshotName(parameters.require("snapshot"))) }
    }
}
