import StorageCore

/// `PATCH /v1/volumes/{namespace}/{name}`: what is nil stays as it is. `clients` replaces the whole list.
package struct UpdateVolumeRequest: Hashable, Sendable, Encodable {
    package var capacity: ByteCount?
    package var clients: [ClientRule]?
    package var squash: Squash?

    package init(capacity: ByteCount? = nil, clients: [ClientRule]? = nil, squash: Squash? = nil) {
        self.capacity = capacity
        self.clients = clients
        self.squash = squash
    }

    /// From a request's body, strictly; see `RequestReader`. One that changes nothing is refused.
    package init(body: [UInt8]) throws(StorageError) {
        let known = RequestReader.sizeKeys + ["clients", "squash"]
        let reader = try RequestReader(body: body, allowed: known)
        capacity = try reader.capacity()
        clients = try reader.clients()
        squash = try reader.choice("squash", of: Squash.self)
        guard capacity != nil || clients != nil || squash != nil else {
            throw StorageError(
                .invalidArgument, "the request changes nothing; send one or more of \(known.joined(separator: ", "))")
        }
    }

    private enum CodingKeys: String, CodingKey {
        case capacityBytes, clients, squash
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(capacity, forKey: .capacityBytes)
        try container.encodeIfPresent(clients?.map(ClientDocument.init), forKey: .clients)
        try container.encodeIfPresent(squash, forKey: .squash)
    }
}
