import StorageCore

/// Every schema of the wire by its name in the OpenAPI document. What documents and requests hold is written here once
/// more, beside their types; tests encode each and compare.
package enum Schemas {
    package static let all: [(name: String, schema: Schema)] = values + documents + requests

    private static let values: [(name: String, schema: Schema)] = [
        ("Name", .string("A namespace, volume, snapshot or pool.", pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")),
        ("Time", .string("RFC 3339 in UTC, with milliseconds.", format: "date-time")),
        ("Bytes", .integer("A number of bytes.")),
        (
            "Quantity",
            .string("A size as Kubernetes writes it: 10Gi, 500M.", pattern: "^[0-9]+([.][0-9]+)?([KMGTPE]i|[kMGTPE])?$")
        ),
        ("ClientAddress", .string("An address or a network, IPv4 or IPv6: 10.0.0.0/24.")),
        ("Access", .choice(Access.self, "What a client may do: read and write, or read.")),
        ("Squash", .choice(Squash.self, "Which users of a client act as nobody on the volume.")),
        ("Filesystem", .choice(FilesystemKind.self, "The filesystem of a volume.")),
        ("Phase", .choice(Phase.self, "Where a volume is in its life.")),
        (
            "OperationState",
            .choice(OperationDocument.State.self, "How far an operation is; undoing counts as running.")
        ),
        ("ProblemCode", .choice(StorageError.Code.self, "What kind of failure it is; decide by this. \(statuses)")),
    ]

    private static var statuses: String {
        StorageError.Code.allCases.map { "\($0.rawValue): \($0.httpStatus.number)" }.joined(separator: ", ")
    }
}

extension Schema {
    static let name = reference("Name")
    static let time = reference("Time")
    static let bytes = reference("Bytes")
    static let client = reference("Client")
    static let squash = reference("Squash")
    static let filesystem = reference("Filesystem")
    static let condition = reference("Condition")
}
