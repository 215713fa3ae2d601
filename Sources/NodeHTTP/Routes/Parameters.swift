import FoundationEssentials
import Hummingbird
import StorageCore

extension RequestContext {
    /// A part of the path, percent-decoded (RFC 3986, section 2.1): a network's `/` arrives as `%2F`.
    func part(_ name: String) throws -> String {
        let raw = try parameters.require(name)
        guard let text = raw.removingPercentEncoding else {
            throw StorageError(.invalidArgument, "\"\(raw.prefix(80))\" in the path is not percent-encoded UTF-8")
        }
        return text
    }

    /// The volume that `{namespace}/{name}` of the path names.
    var volumeKey: VolumeKey {
        get throws { try VolumeKey(part("namespace"), part("name")) }
    }

    /// The snapshot that `{namespace}/{name}/snapshots/{snapshot}` of the path names.
    var snapshotKey: SnapshotKey {
        get throws { SnapshotKey(volume: try volumeKey, name: try SnapshotName(part("snapshot"))) }
    }

    /// The client that `{namespace}/{name}/clients/{address}` of the path names.
    var clientAddress: ClientAddress {
        get throws { try ClientAddress(part("address")) }
    }
}
