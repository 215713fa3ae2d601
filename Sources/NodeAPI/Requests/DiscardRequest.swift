import StorageCore

/// The body of `POST /v1/ha/resolve`: whose data is given up.
package struct DiscardRequest: Hashable, Sendable, Codable {
    package var discard: NodeName

    package init(discard: NodeName) { self.discard = discard }

    /// From a request's body, strictly; see `RequestReader`.
    package init(body: [UInt8]) throws(StorageError) {
        let reader = try RequestReader(body: body, allowed: ["discard"])
        discard = try NodeName(
            try reader.required("discard", try reader.string("discard"), "the name of the node whose data is given up"))
    }
}
