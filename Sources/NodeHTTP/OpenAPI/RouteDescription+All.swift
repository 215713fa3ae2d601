import NodeAPI

extension RouteDescription {
    /// Every route of the router; a test compares the two.
    static let all: [RouteDescription] = health + volumes + clients + snapshots + node + pair

    private static let health = [
        RouteDescription(.get, "/", "health", "Whether the daemon works.", .document("Health"), isOpen: true),
        RouteDescription(.get, "/livez", "live", "The same.", .document("Health"), isOpen: true),
        RouteDescription(
            .get, "/readyz", "ready",
            "Whether all volumes are mounted and exported and the NFS server serves; else 503.", .document("Health"),
            isOpen: true),
        RouteDescription(.get, "/openapi.json", "description", "This document.", .json, isOpen: true),
    ]

    private static let volume = "/v1/volumes/{namespace}/{name}"

    private static let limit = QueryParameter(
        name: "limit", schema: .integer("How many at most; 100 without it.", minimum: 1, maximum: 1000))

    private static let volumes = [
        RouteDescription(
            .post, "/v1/volumes", "createVolume", "Ensure a volume.", body: "CreateVolume", .made("Volume")),
        RouteDescription(
            .get, "/v1/volumes", "listVolumes", "Volumes by pages.",
            query: [
                QueryParameter(name: "namespace", schema: .reference("Name")), limit,
                QueryParameter(name: "continue", schema: .string("As the page before gave it.")),
            ], .document("VolumeList")),
        RouteDescription(.get, volume, "getVolume", "One volume.", .document("Volume")),
        RouteDescription(
            .patch, volume, "updateVolume", "Grow it, change its clients or its squash.", body: "UpdateVolume",
            .changed("Volume")),
        RouteDescription(
            .delete, volume, "deleteVolume",
            "Ensure it is gone; one with snapshots is a conflict without ?snapshots=delete, one that clients hold is busy without ?force=true.",
            query: [
                QueryParameter(name: "snapshots", schema: Schema(json: ["type": "string", "enum": ["delete"]])),
                QueryParameter(name: "force", schema: Schema(json: ["type": "boolean"])),
            ], .deleted),
        RouteDescription(
            .post, "\(volume)/adopt", "adoptVolume",
            "Make it of what is mounted at its path and exported already.", body: "AdoptVolume", .document("Adoption")),
        RouteDescription(
            .get, "\(volume)/manifest", "getManifest", "A PersistentVolume and its claim.", .yaml),
    ]

    private static let clients = [
        RouteDescription(
            .put, "\(volume)/clients/{address}", "setClient", "Ensure that this client has this access.",
            body: "ClientAccess", .changed("Volume")),
        RouteDescription(
            .delete, "\(volume)/clients/{address}", "removeClient", "Ensure that this client has none.", .deleted),
    ]

    private static let snapshots = [
        RouteDescription(
            .post, "\(volume)/snapshots", "createSnapshot", "Ensure a snapshot.", body: "CreateSnapshot",
            .made("Snapshot")),
        RouteDescription(
            .get, "\(volume)/snapshots", "listSnapshots", "The volume's snapshots, by name.", .document("SnapshotList")),
        RouteDescription(
            .get, "\(volume)/snapshots/{snapshot}", "getSnapshot", "One snapshot.", .document("Snapshot")),
        RouteDescription(
            .delete, "\(volume)/snapshots/{snapshot}", "deleteSnapshot", "Ensure it is gone.", .deleted),
    ]

    private static let node = [
        RouteDescription(.get, "/v1/pools", "listPools", "The pools.", .document("PoolList")),
        RouteDescription(
            .get, "/v1/operations", "listOperations", "The newest operations.", query: [limit],
            .document("OperationList")),
        RouteDescription(.get, "/v1/operations/{id}", "getOperation", "One operation.", .document("Operation")),
        RouteDescription(.get, "/v1/node", "getNode", "The node.", .document("Node")),
        RouteDescription(
            .post, "/v1/catalog/rebuild", "rebuildCatalog",
            "Restore volumes that the pools hold and the catalog does not know.", body: "RebuildCatalog",
            .document("Rebuild")),
        RouteDescription(
            .get, "/v1/diagnosis", "diagnose",
            "What is wrong with the node, or with a volume, as a client of an address sees it.",
            query: [
                QueryParameter(name: "volume", schema: .string("NAMESPACE/NAME; all volumes without it.")),
                QueryParameter(name: "from", schema: .reference("ClientAddress")),
            ], .document("Diagnosis")),
    ]

    private static let pair = [
        RouteDescription(.get, "/v1/ha", "getPair", "The pair, as this node knows it.", .document("Pair")),
        RouteDescription(
            .post, "/v1/ha/switch", "switchService", "Move the service to the other node.", .document("Pair")),
        RouteDescription(
            .post, "/v1/ha/leave", "leavePair",
            "Let the other node go on without this one, which goes down and does not serve.", .document("Pair")),
        RouteDescription(
            .post, "/v1/ha/promote", "promote",
            "Serve from here: an operator has made sure that the other node is off.",
            body: "Promote", .document("Pair")),
        RouteDescription(
            .get, "/v1/ha/setup", "planSetup", "What is left to be done until both nodes are a pair.",
            .document("Setup")),
        RouteDescription(
            .post, "/v1/ha/setup", "advanceSetup", "Do the first of it.", .document("Setup")),
        RouteDescription(
            .get, "/v1/ha/resolve", "getStakes",
            "What each node would lose if the other's data were taken.", .document("Stakes")),
        RouteDescription(
            .post, "/v1/ha/resolve", "discard", "Give up a node's data, once both copies went different ways.",
            body: "Discard", .document("Stakes")),
        RouteDescription(
            .post, "/v1/ha/peer", "tellNode", "What the nodes of a pair tell each other; of one version only.",
            body: "PairMessage", .json),
        RouteDescription(
            .post, "/v1/ha/outdate", "outdateOther",
            "Make sure that the other node's copy counts as outdated; replication asks for it.", .document("Outdated")),
    ]
}
