import StorageCore

/// What a volume was made from: `{"snapshot": {"namespace", "volume", "name"}}` or `{"volume": {"namespace", "name"}}`.
package struct SourceDocument: Hashable, Sendable, Codable {
    package struct SnapshotPart: Hashable, Sendable, Codable {
        package let namespace: Namespace
        package let volume: VolumeName
        package let name: SnapshotName
    }

    package struct VolumePart: Hashable, Sendable, Codable {
        package let namespace: Namespace
        package let name: VolumeName
    }

    package let snapshot: SnapshotPart?
    package let volume: VolumePart?

    package init(_ source: VolumeSource) {
        switch source {
        case .snapshot(let key):
            snapshot = SnapshotPart(namespace: key.volume.namespace, volume: key.volume.name, name: key.name)
            volume = nil
        case .volume(let key):
            snapshot = nil
            volume = VolumePart(namespace: key.namespace, name: key.name)
        }
    }

    /// Nil if the document names neither.
    package var source: VolumeSource? {
        if let snapshot {
            let origin = VolumeKey(namespace: snapshot.namespace, name: snapshot.volume)
            return .snapshot(SnapshotKey(volume: origin, name: snapshot.name))
        }
        return volume.map { .volume(VolumeKey(namespace: $0.namespace, name: $0.name)) }
    }
}
