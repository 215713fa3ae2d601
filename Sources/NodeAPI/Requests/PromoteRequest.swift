import StorageCore

/// The body of `POST /v1/ha/promote`: serve from here, although nothing shows that the other node does not.
package struct PromoteRequest: Hashable, Sendable, Codable {
    /// An operator has made sure of it. Nothing else is accepted.
    package var otherIsOff: Bool

    package init(otherIsOff: Bool) { self.otherIsOff = otherIsOff }

    /// Throws `invalidArgument` for unknown keys, wrong types, and for whoever has not made sure.
    package init(body: [UInt8]) throws(StorageError) {
        let reader = try RequestReader(body: body, allowed: ["otherIsOff"])
        otherIsOff = try reader.required(
            "otherIsOff", try reader.boolean("otherIsOff"), "true once you have made sure that the other node is off")
        guard otherIsOff else {
            throw StorageError(
                .invalidArgument, "otherIsOff has to be true: make sure first that the other node is off")
        }
    }
}
