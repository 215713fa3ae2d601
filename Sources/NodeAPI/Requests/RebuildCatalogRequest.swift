import StorageCore

/// `POST /v1/catalog/rebuild`.
package struct RebuildCatalogRequest: Hashable, Sendable, Encodable {
    /// Whether nothing is to be changed.
    package var dryRun: Bool

    package init(dryRun: Bool) { self.dryRun = dryRun }

    /// From a request's body, strictly; see `RequestReader`.
    package init(body: [UInt8]) throws(StorageError) {
        let reader = try RequestReader(body: body, allowed: ["dryRun"])
        dryRun = try reader.required("dryRun", try reader.boolean("dryRun"), "true to see what would be done, or false")
    }
}
