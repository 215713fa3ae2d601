/// Every key of the configuration file, by section. Whatever is not here is refused, and docs/operations.md
/// describes each of them once; a test compares the two.
enum ConfigurationKeys {
    static let top = ["node", "api", "log", "nfs", "pools", "cluster"]
    static let node = ["name", "state"]
    static let api = ["listen", "socket", "tokens"]
    static let token = ["name", "role", "hash"]
    static let log = ["file", "errors", "level"]
    static let nfs = ["server", "address", "root", "path", "port", "mountdPort", "lease", "grace", "mountOptions"]
    static let pool = [
        "name", "backend", "overcommit", "trimHours", "directory", "volumeGroup", "thinPool", "reserve", "pool", "user",
        "conf", "namespace", "prefix",
    ]
    static let cluster = [
        "nodes", "prefixLength", "interface", "routerID", "advertInterval", "secretFile", "replication", "fence",
        "arbiter", "onPeerUnreachable", "failback", "lastResort",
    ]
    static let member = ["name", "address", "replicationAddress", "priority", "disk"]
    static let replication = ["method", "resource", "minor", "interval", "maxLag", "port", "volumeGroup", "term"]
    /// Those of `replication` that only another method has.
    static func replication(notOf method: ReplicationMethod) -> [String] {
        switch method {
        case .drbd: ["interval", "maxLag", "term"]
        case .rsync: ["resource", "minor", "term"]
        case .shared: ["resource", "minor", "interval", "maxLag", "port", "volumeGroup"]
        }
    }
    static let fence = ["command", "timeout"]
    static let arbiter = ["endpoints", "term", "prefix"]
    /// Those of `pool` that only this backend has.
    static func pool(of backend: Configuration.Backend.Kind) -> [String] {
        switch backend {
        case .loop: ["directory"]
        case .lvm: ["volumeGroup", "thinPool", "reserve"]
        case .rbd: ["pool", "user", "conf", "namespace", "prefix"]
        }
    }

    /// All keys as an operator would write their place: `nfs.port`, `pools[].name`.
    static let all: [String] =
        node.map { "node.\($0)" } + api.filter { $0 != "tokens" }.map { "api.\($0)" }
        + token.map { "api.tokens[].\($0)" } + log.map { "log.\($0)" } + nfs.map { "nfs.\($0)" }
        + pool.map { "pools[].\($0)" } + member.map { "cluster.nodes[].\($0)" }
        + cluster.filter { !["nodes", "replication", "fence", "arbiter"].contains($0) }.map { "cluster.\($0)" }
        + replication.map { "cluster.replication.\($0)" } + fence.map { "cluster.fence.\($0)" }
        + arbiter.map { "cluster.arbiter.\($0)" }
}
