import StorageCore

/// What storage carries to say that it is ours: who it is, enough to rebuild a lost catalog, and what it is for. What lacks it is foreign and
/// never touched. Pure.
struct StorageMark: Hashable, Sendable {
    enum Role: String, Sendable {
        case volume
        case snapshot
        /// A copy that is not complete.
        case partial
        /// The snapshot that a copy is read from; of the copy's identity.
        case source
        /// A volume that was removed; its storage goes when nobody waits for it.
        case removed
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

    var reference: SnapshotReference? { snapshot.map { SnapshotReference(volume: volume, name: $0) } }

    /// All keys begin with it.
    static let prefix = "convert2nfs."
    static let roleKey = "\(prefix)role"

    var values: [String: String] {
        var values = [
            "id": "\(volume.id)", "namespace": "\(volume.key.namespace)", "name": "\(volume.key.name)",
            "role": role.rawValue,
        ]
        values["snapshot"] = snapshot?.value
        values["fsid"] = fsid.map { "\($0)" }
        return Dictionary(uniqueKeysWithValues: values.map { (Self.prefix + $0.key, $0.value) })
    }

    /// Nil unless all of them are there and well-formed; other keys are the operator's own.
    init?(_ values: [String: String]) {
        func value(_ key: String) -> String? { values[Self.prefix + key] }
        guard let id = value("id").flatMap({ VolumeID($0) }), let namespace = value("namespace"),
            let name = value("name"), let key = try? VolumeKey(namespace, name),
            let role = value("role").flatMap(Role.init)
        else { return nil }
        volume = VolumeIdentity(id: id, key: key)
        self.role = role
        snapshot = value("snapshot").flatMap { try? SnapshotName($0) }
        fsid = value("fsid").flatMap { ExportFSID($0) }
        guard (role == .snapshot) == (snapshot != nil), (value("fsid") == nil) == (fsid == nil) else { return nil }
    }
}
