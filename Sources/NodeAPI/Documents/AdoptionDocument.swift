import StorageCore

/// What `POST /v1/volumes/{namespace}/{name}/adopt` did; of a dry run, what it would do.
package struct AdoptionDocument: Hashable, Sendable, Codable {
    /// Of a file of the operator's, which is a comment now.
    package struct Line: Hashable, Sendable, Codable {
        package var file: String
        package var text: String

        package init(file: String, text: String) {
            self.file = file
            self.text = text
        }
    }

    package var dryRun: Bool
    /// False if it was a volume already, and no file of the operator's exported it.
    package var changed: Bool
    package var namespace: Namespace
    package var name: VolumeName
    package var id: VolumeID
    package var pool: PoolName
    package var filesystem: FilesystemKind
    package var capacityBytes: ByteCount
    package var path: String
    /// The storage as an operator names it: `vg-paas/data`.
    package var storage: String
    /// What the file handles of its clients carry, before and after (exports(5), `fsid=`).
    package var fsid: String
    package var squash: Squash
    package var clients: [ClientDocument]
    /// What is otherwise for its clients from now on, a sentence each.
    package var changes: [String]
    package var retired: [Line]

    package init(
        dryRun: Bool, changed: Bool, key: VolumeKey, id: VolumeID, pool: PoolName, filesystem: FilesystemKind,
        capacity: ByteCount, path: MountPath, storage: String, fsid: ExportFSID, squash: Squash, clients: [ClientRule],
        changes: [String], retired: [Line]
    ) {
        self.dryRun = dryRun
        self.changed = changed
        namespace = key.namespace
        name = key.name
        self.id = id
        self.pool = pool
        self.filesystem = filesystem
        capacityBytes = capacity
        self.path = path.value
        self.storage = storage
        self.fsid = fsid.description
        self.squash = squash
        self.clients = clients.map(ClientDocument.init)
        self.changes = changes
        self.retired = retired
    }

    package var key: VolumeKey { VolumeKey(namespace: namespace, name: name) }
}
