import StorageCore

extension Schemas {
    static let pair = Schema.object(
        "The pair, as the node that is asked knows it.",
        [
            .maybe("primary", .string("Who serves.")),
            .always("preferred", .string("Who is to serve while both could.")),
            .always("nodes", .list(of: member)),
            .always("replication", .string("In its own words.")),
            .maybe("syncPercent", .number("Of a copy that is being brought up to date.")),
            .maybe("copies", .list(of: copy)),
            .always("moves", .list(of: move)),
            .always("problems", .list(of: .string("What is not as it should be, and what to do."))),
        ])

    private static let member = Schema.object(
        "One node; the one that is asked comes first.",
        [
            .always("name", .string("As the configuration has it.")),
            .maybe("role", .choice(PairRole.self, "What it is in the service.")),
            .maybe("epoch", .integer("The highest promotion that it knows of.")),
            .maybe("data", .string("Of its copy.")),
            .maybe("hasAddress", .boolean("Whether it has the service address.")),
        ])

    private static let copy = Schema.object(
        "How far the standby's copy of a volume is, where volumes are replicated one by one.",
        [
            .always("namespace", .string("Of the volume.")), .always("name", .string("Of the volume.")),
            .maybe("asOf", .time), .maybe("lagSeconds", .number("Since then.")),
            .maybe("problem", .string("Why the last try to bring it up to date did not succeed.")),
            .maybe("isCopying", .boolean("The other node is copying it from the one that was asked.")),
        ])

    private static let move = Schema.object(
        "One time that the node has brought the service up, or taken it down.",
        [
            .always("direction", .choice(ServiceMove.Direction.self, "Which way it went.")),
            .maybe("epoch", .integer("Under which it was brought up.")), .always("beganAt", .time),
            .always("milliseconds", .integer("All of it.")),
            .always(
                "steps",
                .list(
                    of: .object(
                        "One step.",
                        [.always("name", .string("What it was.")), .always("milliseconds", .integer("It took."))]))),
            .maybe("failure", .string("Why it did not succeed.")),
        ])

    static let setup = Schema.object(
        "How far two nodes are on the way to be a pair.",
        [
            .maybe("done", setupTask), .always("rest", .list(of: setupTask)),
        ])

    private static let setupTask = Schema.object(
        "One step.", [.always("node", .string("Where.")), .always("text", .string("What it does."))])

    static let stakes = Schema.object(
        "What each node of a pair would lose if the other's data were taken.",
        [
            .always(
                "nodes",
                .list(
                    of: .object(
                        "The node that was asked, then the other one if it answers.",
                        [
                            .always("node", .string("As the configuration has it.")),
                            .always("isServing", .boolean("Whether it serves.")),
                            .always("isParted", .boolean("Its copy and the other's have gone different ways.")),
                            .always("epoch", .integer("The highest that it has served under.")),
                            .maybe("servedSince", .time),
                            .always("writtenBytes", .integer("Written here since both parted, as far as known.")),
                            .maybe(
                                "isKept",
                                .boolean("What was written is kept beside the other's files when it is given up.")),
                        ])))
        ])

    static let discard = Schema.object(
        "Give up a node's data.", isClosed: true,
        [.always("discard", .string("The node; it must not serve."))])

    /// Between the nodes only; it may change with every version.
    static let message = Schema(json: [
        "type": "object", "description": "Between the nodes of a pair; of one version only.",
    ])

    static let outdated = Schema.object(
        "How it came that the other node's copy counts as outdated; nothing if it does not.",
        [.maybe("by", .choice(OutdatedBy.self, "What vouches for it."))])

    static let promote = Schema.object(
        "Serve from here.", isClosed: true,
        [.always("otherIsOff", .boolean("Whether an operator has made sure of it; it has to be true."))])
}
