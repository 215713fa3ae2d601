import StorageCore

extension Schemas {
    static let documents: [(name: String, schema: Schema)] =
        [
            ("Health", .object("The daemon works.", [.always("health", .string("Always \"ok\"."))])),
            ("Problem", problem),
            ("Client", .object("One client of a volume.", [.always("address", .reference("ClientAddress")), access])),
            ("Condition", condition), ("NFS", nfs), ("Source", source),
            ("Volume", volume), ("Snapshot", snapshot), ("Pool", pool), ("Operation", operation), ("Node", node),
            ("VolumeList", volumes), list("Snapshot", "snapshots"), list("Pool", "pools"),
            list("Operation", "operations"), ("Diagnosis", diagnosis), ("Rebuild", rebuild), ("Adoption", adoption),
            ("Pair", pair), ("PairMessage", message), ("Outdated", outdated), ("Setup", setup),
            ("Stakes", stakes),
        ]

    static let access = Schema.Property.always("access", .reference("Access"))

    private static let volumes = Schema.object(
        "One page of volumes, by namespace and name.",
        [
            .always("volumes", .list(of: .reference("Volume"))),
            .maybe("continue", .string("While it is there, more follow: send it back as it is.")),
        ])

    private static func list(_ element: String, _ key: String) -> (name: String, schema: Schema) {
        ("\(element)List", .object("All that were asked for.", [.always(key, .list(of: .reference(element)))]))
    }

    private static let problem = Schema.object(
        "An error (RFC 9457).",
        [
            .always("type", .string("Always about:blank.")), .always("title", .string("The status's phrase.")),
            .always("status", .integer("The HTTP status.", minimum: 400, maximum: 599)),
            .always("detail", .string("What is wrong and what to do, for people.")),
            .always("code", .reference("ProblemCode")),
            .maybe("resource", .string("What it is about, as a path below /v1/.")),
        ])

    private static let condition = Schema.object(
        "Whether something is as it should be right now.",
        [
            .always("abnormal", .boolean("Whether it is not.")),
            .always("message", .string("Why; empty if it is as it should be.")),
        ])

    private static let nfs = Schema.object(
        "How clients mount a volume, and which may.",
        [
            .always("server", .string("The service's address.")), .always("path", .string("What is exported.")),
            .always("squash", .squash), .always("clients", .list(of: .client, "Nobody if it is empty.")),
            .always("mountOptions", .list(of: .string("An option of mount.nfs(8)."))),
        ])

    private static let volume = Schema.object(
        "A volume.",
        [
            .always("namespace", .name), .always("name", .name), .always("id", .string("Its UUID.", format: "uuid")),
            .always("pool", .name), .always("filesystem", .filesystem), .always("capacityBytes", .bytes),
            .always("usedBytes", Schema.bytes.orNull), .always("storedBytes", Schema.bytes.orNull),
            .always("phase", .reference("Phase")),
            .always("condition", .condition), .always("createdAt", .time),
            .always("source", Schema.reference("Source").orNull), .always("nfs", .reference("NFS")),
        ])

    private static let snapshot = Schema.object(
        "A snapshot of a volume.",
        [
            .always("namespace", .name), .always("volume", .name), .always("name", .name), .always("pool", .name),
            .always("filesystem", .filesystem), .always("capacityBytes", .bytes), .always("createdAt", .time),
            .always("ready", .boolean("False while it is being taken, and for what is left of one that failed.")),
        ])

    private static let pool = Schema.object(
        "A pool; its numbers are null while it does not answer.",
        [
            .always("name", .name), .always("backend", .string("As the configuration names it.")),
            .always("totalBytes", Schema.bytes.orNull), .always("availableBytes", Schema.bytes.orNull),
            .always("volumes", .integer("How many the catalog has in it.")),
            .always("foreign", .list(of: .string("A name."), "What lies in it and is not ours; never touched.")),
            .always(
                "copies", .list(of: copy, "Copies that share data with their sources yet, on their way to their own.")),
            .always("condition", .condition),
        ])

    private static let copy = Schema.object(
        "How far a copy is.",
        [
            .always("namespace", .name), .always("name", .name), .always("doneBytes", .bytes),
            .always("totalBytes", .bytes),
        ])

    private static let operation = Schema.object(
        "A piece of work.",
        [
            .always("id", .string("To ask for it again.")), .always("kind", .string("volume.create, snapshot.delete…")),
            .always("resource", .string("What it is about, as a path below /v1/.")),
            .always("state", .reference("OperationState")), .maybe("step", .string("What it does now, or did last.")),
            .maybe("progress", .number("0 to 1; absent where it cannot be known.")),
            .maybe("error", .reference("Problem")), .always("startedAt", .time), .maybe("endedAt", .time),
        ])

    private static let node = Schema.object(
        "The node.",
        [
            .always("name", .string("How it calls itself.")), .always("version", .string("Of the daemon.")),
            .always("startedAt", .time), .always("uptimeSeconds", .integer("Of the daemon.")),
            .always(
                "nfs",
                .object(
                    "Its NFS service.",
                    [
                        .always("server", .string("ganesha, or simulated.")),
                        .always("address", .string("What clients mount.")), .always("port", port),
                        .always("mountdPort", port),
                    ])), .always("pools", .list(of: .name)),
            .maybe("volumes", .integer("In all pools; absent on a node of a pair that does not serve.")),
        ])

    private static let adoption = Schema.object(
        "What was adopted, or would be.",
        [
            .always("dryRun", .boolean("Whether nothing was changed.")),
            .always(
                "changed", .boolean("False if it was a volume already, and no file of the operator's exported it.")),
            .always("namespace", .name), .always("name", .name), .always("id", .string("Its UUID.", format: "uuid")),
            .always("pool", .name), .always("filesystem", .filesystem), .always("capacityBytes", .bytes),
            .always("path", .string("Where it is mounted, and what clients mount.")),
            .always("storage", .string("The storage as an operator names it: vg-paas/data.")),
            .always("fsid", .string("What its file handles carry, as before.")), .always("squash", .squash),
            .always("clients", .list(of: .client)),
            .always("changes", .list(of: .string("A sentence."), "What is otherwise for its clients.")),
            .always(
                "retired",
                .list(
                    of: .object(
                        "A line of the operator's that is a comment now.",
                        [.always("file", .string("Its file.")), .always("text", .string("The line."))]))),
        ])

    private static let rebuild = Schema.object(
        "What was restored into the catalog, or would be.",
        [
            .always("dryRun", .boolean("Whether nothing was changed.")),
            .always(
                "restored",
                .list(
                    of: .object(
                        "A volume; nobody may mount it until its clients are named.",
                        [
                            .always("namespace", .name), .always("name", .name),
                            .always("id", .string("Its UUID.", format: "uuid")), .always("pool", .name),
                            .always("filesystem", .filesystem), .always("capacityBytes", .bytes),
                            .always("snapshots", .list(of: .name)),
                        ]))),
            .always(
                "left",
                .list(
                    of: .object(
                        "What is left as it was.",
                        [
                            .always("resource", .string("What it is, as a path below /v1/.")), .always("pool", .name),
                            .always("reason", .string("Why.")),
                        ]))),
        ])

    private static let diagnosis = Schema.object(
        "What is wrong, and what was looked at.",
        [
            .always("healthy", .boolean("Whether nothing is wrong in what was looked at.")),
            .always("checked", .list(of: .string("A name."), "What was looked at.")),
            .always(
                "omitted",
                .list(
                    of: .object(
                        "What was not looked at.",
                        [.always("check", .string("Its name.")), .always("reason", .string("Why."))]))),
            .always("notes", .list(of: .string("Worth knowing, and no fault."))),
            .always(
                "findings",
                .list(
                    of: .object(
                        "Something that is wrong.",
                        [
                            .always("check", .string("The kind of fault, as docs/operations.md lists them.")),
                            .always("subject", .string("What it is about: volumes/shop/data, pools/default, node.")),
                            .always("message", .string("What is wrong.")),
                            .always("evidence", .string("What was seen.")),
                            .always("remedy", .string("What mends it.")),
                        ]))),
        ])

    private static let port = Schema.integer("A port.", minimum: 1, maximum: 65535)
}
