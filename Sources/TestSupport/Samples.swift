import FoundationEssentials
import StorageCore

/// Values that tests are made of, each with what matters to the test said at the call.
package enum Sample {
    package static func key(_ text: String) throws -> VolumeKey {
        let parts = text.split(separator: "/").map(String.init)
        return try VolumeKey(parts[0], parts[1])
    }

    /// Another volume at each call.
    package static func identity(_ key: String) throws -> VolumeIdentity {
        VolumeIdentity(id: VolumeID(), key: try Sample.key(key))
    }

    package static func spec(
        _ key: String, capacity: ByteCount = .mebibytes(64), pool: String = "default",
        filesystem: FilesystemKind = .ext4, squash: Squash = .none, clients: [String] = [],
        source: VolumeSource? = nil
    ) throws -> VolumeSpec {
        try VolumeSpec(
            key: Sample.key(key), capacity: capacity, pool: PoolName(pool), filesystem: filesystem, squash: squash,
            clients: clients.map { try rule($0) }, source: source)
    }

    /// `192.0.2.1` is rw, `192.0.2.1=ro` is ro.
    package static func rule(_ text: String) throws -> ClientRule {
        let parts = text.split(separator: "=").map(String.init)
        return ClientRule(
            address: try ClientAddress(parts[0]), access: parts.count == 2 && parts[1] == "ro" ? .readOnly : .readWrite)
    }

    package static func snapshot(_ text: String) throws -> SnapshotKey {
        let parts = text.split(separator: "@").map(String.init)
        return SnapshotKey(volume: try key(parts[0]), name: try SnapshotName(parts[1]))
    }

    package static let moment = Date(timeIntervalSince1970: 1_795_000_000)
}
