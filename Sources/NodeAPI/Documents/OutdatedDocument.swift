import StorageCore

/// How it came that the other node's copy counts as outdated, as `POST /v1/ha/outdate` says; nil if it does not.
package struct OutdatedDocument: Hashable, Sendable, Codable {
    package var by: OutdatedBy?

    package init(by: OutdatedBy?) { self.by = by }
}
