import StorageCore

/// `POST /v1/volumes/{namespace}/{name}/adopt`.
package struct AdoptVolumeRequest: Hashable, Sendable, Encodable {
    /// Whether nothing is to be changed.
    package var dryRun: Bool
    /// Who is to have it; nil for those who have it now.
    package var clients: [ClientRule]?

    package init(dryRun: Bool, clients: [ClientRule]? = nil) {
        self.dryRun = dryRun
        self.clients = clients
    }

    /// From a request's body, strictly; see `RequestReader`.
    package init(body: [UInt8]) throws(StorageError) {
        let reader = try RequestReader(body: body, allowed: ["dryRun", "clients"])
        dryRun = try reader.required("dryRun", try reader.boolean("dryRun"), "true to see what would be done, or false")
        clients = try reader.clients()
    }

    private enum CodingKeys: String, CodingKey {
        case dryRun, clients
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(dryRun, forKey: .dryRun)
        try container.encodeIfPresent(clients?.map(ClientDocument.init), forKey: .clients)
    }
}
