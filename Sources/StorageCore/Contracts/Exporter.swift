/// The NFS server's exports. One conformance suite (TestSupport) is run by every implementation.
/// Callers mount first and export then, and withdraw before they unmount.
///
/// Errors: `unavailable` when the server does not run or does not answer in time, `internal` with the server's own
/// words when it refuses.
package protocol Exporter: Sendable {
    /// Ensures a server that serves exactly `exports`. A server that runs is taken over as it is and only corrected
    /// where it differs, so no client notices; one that does not run is started with all of them in place before its
    /// port opens. `.unchanged` only if it ran and served exactly these.
    func serve(_ exports: [Export]) async throws(StorageError) -> Outcome

    /// Ensures this export with exactly these clients and this squash. Clients that are no longer named lose what they
    /// hold.
    func ensure(_ export: Export) async throws(StorageError) -> Outcome

    /// Ensures that nobody is served `export` any more: its handles are stale, its opens revoked, so that it can be
    /// unmounted. A server that does not run serves nobody: `.unchanged`. One that runs and does not answer is
    /// `unavailable`.
    func withdraw(_ export: Export) async throws(StorageError) -> Outcome

    /// Whether a server runs, one that does not answer too: it may hold what was exported.
    func isRunning() async throws(StorageError) -> Bool

    /// What the server serves now, asked from the server. `unavailable` if it does not run.
    func exports() async throws(StorageError) -> [ObservedExport]

    /// Clients that hold files of the export, open, locked or delegated (RFC 8881, section 10.2: one may have such a file open
    /// without the server's knowing), as far as the server can tell: of NFSv3 none can, which knows no opens. Empty if it does
    /// not run.
    func holders(of export: Export) async throws(StorageError) -> [ExportHolder]
}

/// A client that holds files of an export.
package struct ExportHolder: Hashable, Sendable {
    /// Its address, with its port where the server tells it.
    package let client: String
    /// Within the export, as the server names them.
    package let files: [String]

    package init(client: String, files: [String]) {
        self.client = client
        self.files = files
    }
}

/// What a volume's export is to be.
package struct Export: Hashable, Sendable, Codable {
    package let id: ExportID
    package let fsid: ExportFSID
    package let path: MountPath
    package let squash: Squash
    /// In `ClientRule.normalized` order.
    package let clients: [ClientRule]

    package init(id: ExportID, fsid: ExportFSID, path: MountPath, squash: Squash, clients: [ClientRule]) {
        self.id = id
        self.fsid = fsid
        self.path = path
        self.squash = squash
        self.clients = clients
    }
}

/// What a server says it serves.
package struct ObservedExport: Hashable, Sendable {
    package let id: ExportID
    package let path: MountPath
    package let squash: Squash
    package let clients: [ClientRule]

    package init(id: ExportID, path: MountPath, squash: Squash, clients: [ClientRule]) {
        self.id = id
        self.path = path
        self.squash = squash
        self.clients = clients
    }

    package init(_ export: Export) {
        self.init(id: export.id, path: export.path, squash: export.squash, clients: export.clients)
    }
}
