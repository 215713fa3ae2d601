import StorageCore

/// `POST /v1/volumes/{namespace}/{name}/snapshots`.
package struct CreateSnapshotRequest: Hashable, Sendable, Encodable {
    package var name: SnapshotName

    package init(name: SnapshotName) { self.name = name }

    /// From a request's body, strictly; see `RequestReader`.
    package init(body: [UInt8]) throws(StorageError) {
        let reader = try RequestReader(body: body, allowed: ["name"])
        let name = try reader.value("name") { (text) throws(StorageError) in try SnapshotName(text) }
        self.name = try reader.required("name", name, "the snapshot's name")
    }
}
