import StorageCore

/// `PUT /v1/volumes/{namespace}/{name}/clients/{address}`.
package struct ClientAccessRequest: Hashable, Sendable, Encodable {
    package var access: Access

    package init(access: Access) { self.access = access }

    /// From a request's body, strictly; see `RequestReader`.
    package init(body: [UInt8]) throws(StorageError) {
        access = try RequestReader(body: body, allowed: ["access"]).access()
    }
}
