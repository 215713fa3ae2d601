import StorageCore

/// The tags by which a logical volume is ours: who it is, enough to rebuild a lost catalog, and what it is for. One
/// without them is foreign and never touched. Pure.
struct LVMTags: Hashable, Sendable {
    enum Role: String, Sendable {
        case volume
        case snapshot
        /// A copy that is not complete.
        case partial
        /// The snapshot that a copy is read from; of the copy's identity.
        case source
    }

    /// Of a snapshot, its origin's.
    let volume: VolumeIdentity
    let role: Role
    /// Of a snapshot.
    let snapshot: SnapshotName?
    /// Of the export of a volume that was adopted with another than its own.
    let fsid: ExportFSID?

    init(_ volume: VolumeIdentity, _ role: Role, fsid: ExportFSID? = nil) {
        self.volume = volume
        self.role = role
        snapshot = nil
        self.fsid = fsid == .uuid(volume.id) ? nil : fsid
    }

    init(_ reference: SnapshotReference) {
        volume = reference.volume
        role = .snapshot
        snapshot = reference.name
        fsid = nil
    }

    var texts: [String] {
        let texts = [
            Self.text("id", volume.id), Self.text("namespace", volume.key.namespace),
            Self.text("name", volume.key.name), Self.text("role", role.rawValue),
        ]
        return texts + (snapshot.map { [Self.text("snapshot", $0)] } ?? [])
            + (fsid.map { [Self.text("fsid", $0)] } ?? [])
    }

    static func text(_ key: String, _ value: some CustomStringConvertible) -> String { "\(prefix)\(key)=\(value)" }

    /// Nil unless all of them are there, each once and well-formed; other tags are the operator's own.
    init?(_ texts: [String]) {
        var values: [String: String] = [:]
        for text in texts where text.hasPrefix(Self.prefix) {
            let parts = text.dropFirst(Self.prefix.count).split(separator: "=", maxSplits: 1)
            guard parts.count == 2, values.updateValue(String(parts[1]), forKey: String(parts[0])) == nil else {
                return nil
            }
        }
        guard let id = values["id"].flatMap({ VolumeID($0) }), let namespace = values["namespace"],
            let name = values["name"], let key = try? VolumeKey(namespace, name),
            let role = values["role"].flatMap(Role.init)
        else { return nil }
        volume = VolumeIdentity(id: id, key: key)
        self.role = role
        snapshot = values["snapshot"].flatMap { try? SnapshotName($0) }
        fsid = values["fsid"].flatMap { ExportFSID($0) }
        guard (role == .snapshot) == (snapshot != nil), (values["fsid"] == nil) == (fsid == nil) else { return nil }
    }

    var reference: SnapshotReference? { snapshot.map { SnapshotReference(volume: volume, name: $0) } }

    private static let prefix = "convert2nfs."
}
