import Logging
import NodeHTTP
import StorageBackends
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
    /// Nil for a node that is on its own.
    var cluster: Cluster?

    var usesRBD: Bool { pools.contains { $0.backend.kind == .rbd } }

    struct Node: Sendable, Equatable {
        var name: NodeName
        /// The directory of the catalog, the journal and the NFS server's state.
        var state: String
    }

    struct API: Sendable, Equatable {
        var listen: ListenAddress
        var socket: String
        var tokens: [Credential]
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
        /// The lock manager of NFSv3 is the next one, as firewalls for NFS know it: 20049 beside 20048.
        var lockManagerPort: UInt16 { mountdPort + 1 }
        /// And rpc.statd's, where it is ours to say, the one after.
        var statusMonitorPort: UInt16 { mountdPort + 2 }
        /// In seconds: how long a client of NFSv4 may be silent.
        var lease: Int
        /// In seconds: how long after a start clients may take their locks again, and nobody new ones.
        var grace: Int
        var mountOptions: [String]
    }

    enum Server: String, Sendable, CaseIterable {
        case kernel
        case ganesha
        /// The one that has served before, else the kernel's where it can be had, else NFS-Ganesha.
        case auto
    }

    struct Pool: Sendable, Equatable {
        var name: PoolName
        var backend: Backend
        /// How many bytes may be promised for each byte there is room for; of no matter to thick logical volumes.
        var overcommit: Double
        /// In hours, how often filesystems give back what they have freed; 0 for never. Of no matter where nothing is taken back.
        var trimHours = ConfigurationDefaults.trimHours

        /// Nil for never.
        var trimInterval: Duration? {
            switch backend {
            case .rbd, .lvm(_, .some, _): trimHours > 0 ? .seconds(3600 * trimHours) : nil
            case .loop, .lvm: nil
            }
        }

        /// Where a loop pool's images are.
        var directory: String? {
            if case .loop(let directory) = backend { directory } else { nil }
        }
    }

    /// Where a pool's volumes are carved from.
    enum Backend: Sendable, Equatable {
        case loop(directory: String)
        case lvm(group: String, thinPool: String?, reserve: Double)
        case rbd(RBDPlace)

        enum Kind: String, Sendable, CaseIterable { case loop, lvm, rbd }

        var kind: Kind {
            switch self {
            case .loop: .loop
            case .lvm: .lvm
            case .rbd: .rbd
            }
        }
    }
}

enum TokenNameKind: LabelKind { static var noun: String { "token name" } }
typealias TokenName = Label<TokenNameKind>
