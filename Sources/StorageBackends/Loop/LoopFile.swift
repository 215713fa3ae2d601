import StorageCore

/// What a file in a pool's directory is for. Pure: names only.
enum LoopItem: Hashable, Sendable {
    case volume(VolumeKey)
    case snapshot(VolumeKey, SnapshotName)

    init(_ reference: SnapshotReference) { self = .snapshot(reference.volume.key, reference.name) }

    /// `shop.data`, or `shop.data@monday`. Labels hold neither `.` nor `@`, so it reads back in one way only; the
    /// longest one, with its suffixes, has 206 bytes of the 255 that a name may have.
    var stem: String {
        switch self {
        case .volume(let key): "\(key.namespace).\(key.name)"
        case .snapshot(let key, let name): "\(key.namespace).\(key.name)@\(name)"
        }
    }

    /// Nil unless it is a stem.
    init?(stem: Substring) {
        let parts = stem.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let labels = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count == 2, let key = try? VolumeKey(String(labels[0]), String(labels[1])) else { return nil }
        guard parts.count == 2 else {
            self = .volume(key)
            return
        }
        guard let name = try? SnapshotName(String(parts[1])) else { return nil }
        self = .snapshot(key, name)
    }

    var key: VolumeKey {
        switch self {
        case .volume(let key), .snapshot(let key, _): key
        }
    }

    var resource: String {
        switch self {
        case .volume(let key): key.resource
        case .snapshot(let key, let name): SnapshotKey(volume: key, name: name).resource
        }
    }
}

/// A file of an item. The identity is written first and removed last, so whatever a crash leaves says whose it is.
enum LoopFileRole: String, CaseIterable, Sendable {
    case image = ".img"
    /// A copy that is not complete yet; renamed to `image` when it is.
    case partialImage = ".img.partial"
    case identity = ".json"
    /// An identity that is being written.
    case partialIdentity = ".json.new"

    /// The item and role of a file's name; nil if it is not one of ours.
    static func parse(_ name: String) -> (item: LoopItem, role: LoopFileRole)? {
        for role in allCases where name.hasSuffix(role.rawValue) {
            guard let item = LoopItem(stem: name.dropLast(role.rawValue.count)) else { continue }
            return (item, role)
        }
        return nil
    }
}
