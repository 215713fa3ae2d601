import StorageCore

/// A resource of DRBD as its tools read it (drbd.conf(5)), the same on both nodes. Pure.
package struct DRBDResource: Hashable, Sendable {
    package struct Place: Hashable, Sendable {
        package var node: NodeName
        package var disk: String
        package var address: ClientAddress

        package init(node: NodeName, disk: String, address: ClientAddress) {
            self.node = node
            self.disk = disk
            self.address = address
        }
    }

    package var name: String
    package var minor: Int
    package var port: UInt16
    package var places: [Place]
    /// The program that DRBD asks about the other copy, by its absolute path, and its arguments.
    package var handler: [String]

    package init(name: String, minor: Int, port: UInt16, places: [Place], handler: [String]) {
        self.name = name
        self.minor = minor
        self.port = port
        self.places = places
        self.handler = handler
    }

    var path: String { "/etc/drbd.d/\(name).res" }

    /// By which a file of ours is known.
    static let mark = "# Written by convert2nfsd"

    /// Protocol C and the fencing policy are what the promise of the pair stands on: a write is acknowledged when both have it, or when
    /// the other is known to be outdated. Timeouts are seconds, since a copy that is lost by mistake is one that cannot take over. Nothing
    /// is thrown away by itself after both have written. While clients write DRBD gives what it resynchronises 250 KiB/s if it is not told
    /// otherwise (drbd.conf(5), "c-min-rate"), and the pair would have one copy for days.
    var text: String {
        """
        \(Self.mark), which sets right what is changed here.
        resource \(name) {
            protocol C;
            device /dev/drbd\(minor);
            meta-disk internal;
            handlers { fence-peer "\(handler.joined(separator: " "))"; }
            net {
                ping-int 3; ping-timeout 20; timeout 60; connect-int 3;
                after-sb-0pri disconnect; after-sb-1pri disconnect; after-sb-2pri disconnect;
            }
            disk { fencing resource-and-stonith; on-io-error detach; al-extents 67; c-max-rate 400M; c-min-rate 32M; }
        \(places.map(line).joined())}

        """
    }

    private func line(_ place: Place) -> String {
        let address = place.address.isIPv6 ? "ipv6 [\(place.address)]" : "\(place.address)"
        return "    on \(place.node) { disk \(place.disk); address \(address):\(port); }\n"
    }
}
