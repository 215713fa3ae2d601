import HighAvailability
import StorageCore

extension Configuration {
    /// Two storage nodes with one service address, which is `nfs.address`. The same on both but for `node.name`.
    struct Cluster: Sendable, Equatable {
        /// Two, one of which has `node.name`.
        var members: [Member]
        /// Of the network that the service address is in.
        var prefixLength: Int
        /// Which has the service address.
        var interface: String
        /// Of VRRP: nobody else's in that network.
        var routerID: Int
        /// Hundredths of a second.
        var advertCentiseconds: Int
        /// The file with what the nodes know each other by.
        var secret: String
        var replication: Replication
        var fence: Fence?
        var arbiter: Arbiter?
        var unreachable: PairPolicy.Unreachable
        /// Whether the service goes back by itself to the node with the higher priority.
        var failsBack: Bool
        var lastResort: LastResort

        struct Member: Sendable, Equatable {
            var name: NodeName
            /// Where its API is reached.
            var address: ClientAddress
            /// Where its copy is reached, and its API too if the other way is cut.
            var replicationAddress: ClientAddress?
            var priority: Int
            /// The disk or partition that is to be its half of the replicated device; nil if that is made by hand.
            var disk: String?
        }

        struct Fence: Sendable, Equatable {
            var command: [String]
            var seconds: Int
        }

        /// An etcd whose members are in neither node's room.
        struct Arbiter: Sendable, Equatable {
            /// `http://` or `https://`, host and port, of each member.
            var endpoints: [String]
            /// For how long its lease lasts.
            var seconds: Int
            /// Of the keys; nil for one with the service address in it.
            var prefix: String?
        }

        struct Replication: Sendable, Equatable {
            enum Method: Sendable, Equatable {
                /// Below all volumes lies one device of DRBD.
                case drbd(resource: String, minor: Int)
                /// Each node has a volume group of its own, and the standby copies the files. In seconds.
                case rsync(interval: Int, maximumLag: Int)
                /// Both reach the pools, which are Ceph's. In seconds.
                case shared(term: Int)

                var isShared: Bool { if case .shared = self { true } else { false } }
            }

            var method: Method
            /// Of the connection between both copies.
            var port: UInt16
            /// Nil where both nodes reach the pools.
            var group: String?

            /// Whether what has to move with the data lies on a volume that does.
            var movesStateVolume: Bool {
                switch method {
                case .drbd, .shared: true
                case .rsync: false
                }
            }

            /// The one that all volumes lie on; nil if each node has its own.
            var device: String? {
                switch method {
                case .drbd(_, let minor): "/dev/drbd\(minor)"
                case .rsync, .shared: nil
                }
            }
        }

        /// Which has the service while both could.
        var preferred: Member? { members.max { $0.priority < $1.priority } }
        func member(_ name: NodeName) -> Member? { members.first { $0.name == name } }
        func other(than name: NodeName) -> Member? { members.first { $0.name != name } }
    }
}

/// How the data comes to both nodes.
enum ReplicationMethod: String, CaseIterable { case drbd, rsync, shared }

/// What is done about a node that cannot let go of the service.
enum LastResort: String, CaseIterable {
    /// It says so, and tries again.
    case wait
    /// The machine starts anew at once, and what it has not written is lost: of that, nothing was acknowledged to a client.
    case reboot
}

/// How the service comes back to the node that it belongs to.
enum FailbackChoice: String, CaseIterable { case manual, auto }
