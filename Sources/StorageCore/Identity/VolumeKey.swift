/// What callers name a volume by. Unique on a node.
package struct VolumeKey: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    package let namespace: Namespace
    package let name: VolumeName

    package init(namespace: Namespace, name: VolumeName) {
        self.namespace = namespace
        self.name = name
    }

    /// From text; throws `invalidArgument` for whichever part is not a label.
    package init(_ namespace: String, _ name: String) throws(StorageError) {
        self.init(namespace: try Namespace(namespace), name: try VolumeName(name))
    }

    package var description: String { "\(namespace)/\(name)" }
    /// The `resource` of errors about it.
    package var resource: String { "volumes/\(namespace)/\(name)" }

    package static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.namespace, lhs.name) < (rhs.namespace, rhs.name)
    }
}

/// What callers name a snapshot by. Unique within its volume.
package struct SnapshotKey: Hashable, Sendable, Codable, CustomStringConvertible {
    package let volume: VolumeKey
    package let name: SnapshotName

    package init(volume: VolumeKey, name: SnapshotName) {
        self.volume = volume
        self.name = name
    }

    package var description: String { "\(volume)@\(name)" }
    package var resource: String { "\(volume.resource)/snapshots/\(name)" }
}
