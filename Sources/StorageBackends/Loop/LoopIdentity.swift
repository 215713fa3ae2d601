import FoundationEssentials
import HostTools
import StorageCore

/// The JSON file beside an image: whose it is, so that a lost catalog can be rebuilt from the directory.
struct LoopIdentity: Hashable, Sendable, Codable {
    static let currentVersion = 1
    static let sizeLimit = 4096

    let version: Int
    let id: VolumeID
    let namespace: Namespace
    let name: VolumeName
    /// Nil for a volume.
    let snapshot: SnapshotName?
    /// The same for all images that may share extents, because one is a copy of another.
    let family: VolumeID

    init(_ volume: VolumeIdentity, snapshot: SnapshotName? = nil, family: VolumeID) {
        version = Self.currentVersion
        id = volume.id
        namespace = volume.key.namespace
        name = volume.key.name
        self.snapshot = snapshot
        self.family = family
    }

    var volume: VolumeIdentity { VolumeIdentity(id: id, key: VolumeKey(namespace: namespace, name: name)) }

    var item: LoopItem { snapshot.map { .snapshot(volume.key, $0) } ?? .volume(volume.key) }

    func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        return Array(try encoder.encode(self)) + [0x0A]
    }

    /// Nil unless the bytes are an identity of this version and of this item: a file that was renamed is nobody's.
    init?(_ bytes: [UInt8], of item: LoopItem) {
        guard let identity = try? JSONDecoder().decode(Self.self, from: Data(bytes)),
            identity.version == Self.currentVersion, identity.item == item
        else { return nil }
        self = identity
    }
}
