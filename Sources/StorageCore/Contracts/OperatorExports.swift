/// What an operator exports beside us, in files of their own or by hand. Needs root.
package protocol OperatorExports: Sendable {
    /// How `path` is exported now, whoever did it. `filesystem` is what is mounted there. `conflict`, with the reason, if it is
    /// exported in a way that a volume's export would break for its clients, or that lets in others than a volume's clients. Changes
    /// nothing.
    func survey(_ path: MountPath, filesystem: VolumeID) async throws(StorageError) -> OperatorExport

    /// Ensures that no file of the operator's exports `path`: its lines become comments that say so. What is served now goes on.
    /// Answers the lines; none if there were none any more.
    func retire(_ path: MountPath) async throws(StorageError) -> [OperatorExport.Line]
}

/// An export as an operator made it.
package struct OperatorExport: Sendable, Hashable {
    /// Of a file in which it stands.
    package struct Line: Sendable, Hashable {
        package let file: String
        package let text: String

        package init(file: String, text: String) {
            self.file = file
            self.text = text
        }
    }

    /// What its file handles carry.
    package let fsid: ExportFSID
    /// Nil if it is exported to nobody.
    package let squash: Squash?
    /// In `ClientRule.normalized` order.
    package let clients: [ClientRule]
    /// Clients that no rule of a volume can name: host names, netgroups, everybody.
    package let unnamed: [String]
    /// Clients that a file names and nobody serves: `10.0.0.7 (/etc/exports)`.
    package let unserved: [String]
    /// What a volume's export does otherwise, a sentence each.
    package let changes: [String]
    package let lines: [Line]

    package init(
        fsid: ExportFSID, squash: Squash?, clients: [ClientRule], unnamed: [String], unserved: [String],
        changes: [String], lines: [Line]
    ) {
        self.fsid = fsid
        self.squash = squash
        self.clients = clients
        self.unnamed = unnamed
        self.unserved = unserved
        self.changes = changes
        self.lines = lines
    }
}
