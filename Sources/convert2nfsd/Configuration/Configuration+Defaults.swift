import StorageCore

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The embedded default: what a node runs on without a file, and what a missing key in a file means.
enum ConfigurationDefaults {
    static let path = "/etc/convert2nfs/config.yaml"
    static let state = "/var/lib/convert2nfs"
    static let listen = ListenAddress(host: "127.0.0.1", port: 8080)
    static let socket = "/run/convert2nfs/convert2nfs.sock"
    static let logFile = "/var/log/convert2nfs.log"
    static let errorFile = "/var/log/convert2nfs_error.log"
    static let root = "/nfs"
    static let pattern = "{namespace}{name}"
    /// Loopback, not a guess: an address taken from some interface would be written into manifests and stay there.
    static let address = "127.0.0.1"
    static let port: UInt16 = 2049
    static let mountdPort: UInt16 = 20048
    static let lease = 15
    static let grace = 20
    static let mountOptions = ["nfsvers=3", "proto=tcp", "hard"]
    static let poolName = "default"
    static let overcommit = 1.0
    static let reserve = 10.0
    static let trimHours = 24
    static let cephConfiguration = "/etc/ceph/ceph.conf"
    static let cephUser = "admin"
    static let imagePrefix = "convert2nfs"
    static let routerID = 51
    static let advertCentiseconds = 50
    static let secret = "/etc/convert2nfs/cluster.secret"
    static let resource = "convert2nfs"
    static let fenceTimeout = 30
    static let arbiterTerm = 6
    static let leaseTerm = 4
    static let interval = 60
    static let replicationPort: UInt16 = 7789

    static func images(below state: String) -> String { "\(state)/images" }

    /// A node name made of a host name: the part before the first dot, in lower case, other characters as '-'.
    /// "node" if nothing is left.
    static func nodeName(fromHost host: String) -> String {
        let label = host.prefix { $0 != "." }.lowercased().utf8.map { byte -> UInt8 in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) ? byte : 0x2D
        }
        let isDash = { (byte: UInt8) in byte == 0x2D }
        let kept = label.drop(while: isDash).prefix(63).reversed().drop(while: isDash).reversed()
        return kept.isEmpty ? "node" : String(decoding: Array(kept), as: UTF8.self)
    }

    /// The host's name (gethostname(2)); empty if it has none.
    static func hostName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "" }
        return buffer.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    }
}
