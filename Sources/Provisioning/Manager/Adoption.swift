import StorageCore

/// What became, or would become, of storage that an operator had mounted and exported.
package struct Adoption: Sendable, Hashable {
    package let key: VolumeKey
    package let id: VolumeID
    package let pool: PoolName
    package let filesystem: FilesystemKind
    package let capacity: ByteCount
    package let path: MountPath
    /// The storage as an operator names it: `vg-paas/data`.
    package let storage: String
    package let fsid: ExportFSID
    package let squash: Squash
    package let clients: [ClientRule]
    /// What is otherwise for its clients from now on, a sentence each.
    package let changes: [String]
    /// Lines of the operator's files that are comments now.
    package let retired: [OperatorExport.Line]
    /// Unchanged if it was a volume already, and no file of the operator's exported it.
    package let outcome: Outcome
}

/// What an operator has made that may become volumes.
package struct AdoptionSources: Sendable {
    package let exports: any OperatorExports
    package let mounts: any MountAdopter

    package init(exports: any OperatorExports, mounts: any MountAdopter) {
        self.exports = exports
        self.mounts = mounts
    }
}
