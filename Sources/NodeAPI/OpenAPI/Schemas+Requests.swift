import StorageCore

extension Schemas {
    static let requests: [(name: String, schema: Schema)] = [
        ("CreateVolume", createVolume), ("UpdateVolume", updateVolume),
        ("ClientAccess", .object("What one client may do.", isClosed: true, [access])),
        (
            "AdoptVolume",
            .object(
                "How to adopt a volume. Without clients: those who have it now.", isClosed: true,
                [
                    .always("dryRun", .boolean("Whether to say what would be done, and change nothing.")),
                    .maybe("clients", .list(of: .client)),
                ])
        ),
        (
            "RebuildCatalog",
            .object(
                "How to restore a catalog.", isClosed: true,
                [.always("dryRun", .boolean("Whether to say what would be done, and change nothing."))])
        ),
        ("Promote", promote), ("Discard", discard),
        ("CreateSnapshot", .object("A snapshot to take.", isClosed: true, [.always("name", .name)])),
    ]

    private static let size: [Schema.Property] = [
        .maybe("capacityBytes", .integer("The size in bytes; rounded up to whole MiB.", minimum: 1)),
        .maybe("size", .reference("Quantity")),
    ]

    private static let createVolume = Schema(
        json: Schema.object(
            "A volume to make. What is left out: the first pool and xfs (for a copy, its source's), squash none, nobody.",
            isClosed: true,
            [.always("namespace", .name), .always("name", .name)] + size + [
                .maybe("pool", .name), .maybe("filesystem", .filesystem), .maybe("squash", .squash),
                .maybe("clients", .list(of: .client)), .maybe("source", .reference("Source")),
            ]
        ).json.adding(["oneOf": [["required": ["capacityBytes"]], ["required": ["size"]]]]))

    private static let updateVolume = Schema(
        json: Schema.object(
            "What to change, online; clients replaces the whole list, and a size only grows.", isClosed: true,
            size + [.maybe("clients", .list(of: .client)), .maybe("squash", .squash)]
        ).json.adding(["minProperties": 1, "not": ["required": ["capacityBytes", "size"]]]))

    /// In documents and in requests.
    static let source = Schema.either(
        "What a volume is made from.",
        [
            .maybe(
                "snapshot",
                .object(
                    "A snapshot.", isClosed: true,
                    [.always("namespace", .name), .always("volume", .name), .always("name", .name)])),
            .maybe(
                "volume",
                .object("A volume.", isClosed: true, [.always("namespace", .name), .always("name", .name)])),
        ])
}
