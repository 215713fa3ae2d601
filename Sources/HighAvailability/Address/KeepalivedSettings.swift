import StorageCore

/// How keepalived(8) is to hold the service address on one node, as the file it reads (keepalived.conf(5)). Pure; both nodes' differ
/// in their name and priority only.
///
/// A node that serves adds `servingBonus` to its priority, so that no other takes the address from it; one that must not have it is
/// in keepalived's state FAULT. Both are told through the tracked file, which keepalived makes with the latter where it is not there:
/// after a boot a node has no address before it is known to be fit.
package struct KeepalivedSettings: Hashable, Sendable {
    package var node: NodeName
    /// 1 to `highestPriority`.
    package var priority: Int
    package var address: ClientAddress
    package var prefixLength: Int
    package var interface: String
    /// The same on both nodes, and of no other pair in that network: 1 to 255 (RFC 5798, section 5.2.3).
    package var routerID: Int
    /// In hundredths of a second, which is what the protocol carries (RFC 5798, section 5.2.7).
    package var advertCentiseconds: Int
    /// Where keepalived writes what becomes of the instance, a line each.
    package var events: String
    /// What keepalived reads this node's fitness from.
    package var fitness: String

    /// What it has read, beside the files that it watches: one that was started before their directory was made has seen none of them.
    /// Asked to read again and again within seconds, it misses adverts, and the address goes.
    var lastRead: String { "\(fitness).read" }

    package init(
        node: NodeName, priority: Int, address: ClientAddress, prefixLength: Int, interface: String, routerID: Int,
        advertCentiseconds: Int, events: String, fitness: String
    ) {
        self.node = node
        self.priority = priority
        self.address = address
        self.prefixLength = prefixLength
        self.interface = interface
        self.routerID = routerID
        self.advertCentiseconds = advertCentiseconds
        self.events = events
        self.fitness = fitness
    }

    /// The lowest with the bonus goes before the highest without, and the highest with the bonus is below 255, which is the address's
    /// owner's alone (RFC 5798, section 5.2.4).
    package static let highestPriority = 100
    static let servingBonus = 150
    /// The lowest number that keepalived takes for "not at all".
    private static let fault = -254
    static let instance = "convert2nfs"

    /// By which a file of ours is known.
    static let mark = "# Written by convert2nfsd"

    package var text: String {
        """
        \(Self.mark), which sets right what is changed here.
        global_defs {
            router_id \(node)
            vrrp_version 3
            enable_script_security
            script_user root
            vrrp_notify_fifo \(events)
            vrrp_garp_master_refresh 10
        }
        vrrp_track_file fitness {
            file \(fitness)
            weight 1
            init_file \(Self.fault)
        }
        vrrp_instance \(Self.instance) {
            state BACKUP
            interface \(interface)
            virtual_router_id \(routerID)
            priority \(priority)
            advert_int \(Self.seconds(advertCentiseconds))
            virtual_ipaddress {
                \(address)/\(prefixLength)
            }
            track_file {
                fitness
            }
        }

        """
    }

    /// What the tracked file holds.
    static func text(of fitness: FailoverMachine.Fitness) -> String {
        switch fitness {
        case .unfit: "\(fault)\n"
        case .fit: "0\n"
        case .serving: "\(servingBonus)\n"
        }
    }

    private static func seconds(_ centiseconds: Int) -> String {
        let fraction = centiseconds % 100
        return "\(centiseconds / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }
}

/// A line that keepalived writes for whoever reads its events: `INSTANCE "convert2nfs" MASTER 150`.
enum KeepalivedEvent {
    /// What it says of our instance; nil if it says nothing of it.
    static func state(_ line: some StringProtocol) -> AddressState? {
        let fields = line.split(separator: " ")
        guard fields.count >= 3, fields[0] == "INSTANCE", fields[1] == "\"\(KeepalivedSettings.instance)\"" else {
            return nil
        }
        switch fields[2] {
        case "MASTER": return .held
        case "BACKUP", "STOP": return .notHeld
        case "FAULT": return .fault
        default: return nil
        }
    }
}
