import Logging
import StorageCore

/// What an operator decides about a node: `/etc/convert2nfs/config.yaml`, checked and with the defaults filled in.
/// A value of this type that came from `load` is consistent: paths do not overlap where they must not, ports differ,
/// and the API is open to other machines only with tokens. docs/operations.md describes every key.
struct Configuration: Sendable, Equatable {
    var node: Node
    var api: API
    var log: Log
    var nfs: NFS
    /// At least one; the first is the pool of a create that names none.
    var pools: [Pool]

    struct Node: Sendable, Equatable {
        var name: NodeName
        /// The directory of the catalog, the journal and the NFS server's state.
        var state: String
    }

    struct API: Sendable, Equatable {
        var listen: ListenAddress
        var socket: String
        var tokens: [Token]
    }

    struct Token: Sendable, Equatable {
        var name: TokenName
        var role: Role
        /// SHA-256 of the secret; 32 bytes.
        var hash: [UInt8]
    }

    enum Role: String, Sendable, CaseIterable {
        case admin
        case provisioner
        case reader
    }

    struct Log: Sendable, Equatable {
        var file: String
        /// Errors once more, on their own.
        var errors: String
        var level: Logger.Level
    }

    struct NFS: Sendable, Equatable {
        var server: Server
        /// What clients mount from, as manifests and volume documents name it: an address or a host name.
        var address: String
        var template: PathTemplate
        var port: UInt16
        var mountdPort: UInt16
        var mountOptions: [String]
    }

    enum Server: String, Sendable, CaseIterable {
        case ganesha
        /// The best server the node has; today that is always NFS-Ganesha.
        case auto
    }

    struct Pool: Sendable, Equatable {
        var name: PoolName
        var backend: Backend
        var directory: String
        /// How many bytes may be promised for each byte the directory has room for.
        var overcommit: Double
    }

    enum Backend: String, Sendable, CaseIterable {
        case loop
    }
}

enum NodeNameKind: LabelKind { static var noun: String { "node name" } }
enum TokenNameKind: LabelKind { static var noun: String { "token name" } }
typealias NodeName = Label<NodeNameKind>
typealias TokenName = Label<TokenNameKind>
