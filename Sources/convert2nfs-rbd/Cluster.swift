import CRBD
import Glibc
import RBDWire

/// A connection to a Ceph cluster as one user, and a pool of it. librados is safe to be called from any thread.
final class Cluster: @unchecked Sendable {
    let handle: rados_t
    let pool: rados_ioctx_t
    /// For what makes room: it is let through when the pool is full.
    let removals: rados_ioctx_t
    /// `client.NAME`.
    let user: String
    let sizes = ImageSizes()

    /// How the cluster is reached, and what is asked of it.
    struct Place {
        var configuration: String
        var user: String
        var pool: String
        var namespace: String
    }

    /// In seconds: what takes longer is given up with ETIMEDOUT. No data of volumes goes this way.
    private static let patience = "15"
    private static let settings = [
        ("client_mount_timeout", patience), ("rados_mon_op_timeout", patience), ("rados_osd_op_timeout", patience),
        // Who is put on the blocklist, and for how long, is said by the daemon.
        ("rbd_blocklist_on_break_lock", "false"),
        // What it is told goes to nobody's terminal or file, whatever the configuration says of other clients.
        ("log_to_stderr", "false"), ("log_file", "/dev/null"), ("admin_socket", ""),
    ]

    /// Returns once the monitors have answered.
    init(_ place: Place) throws(RBDFailure) {
        var handle: rados_t?
        user = "client.\(place.user)"
        try check(rados_create2(&handle, "ceph", user, 0), "opening the library of Ceph")
        guard let handle else { throw RBDFailure(code: ENOMEM, action: "opening the library of Ceph") }
        self.handle = handle
        try check(rados_conf_read_file(handle, place.configuration), "reading \(place.configuration)")
        for (key, value) in Self.settings { try check(rados_conf_set(handle, key, value), "setting \(key)") }
        try check(rados_connect(handle), "connecting to the cluster of \(place.configuration) as \(user)")
        pool = try Self.open(place, handle)
        removals = try Self.open(place, handle)
        rados_set_pool_full_try(removals)
    }

    private static func open(_ place: Place, _ handle: rados_t) throws(RBDFailure) -> rados_ioctx_t {
        var pool: rados_ioctx_t?
        try check(rados_ioctx_create(handle, place.pool, &pool), "opening the pool \(place.pool)")
        guard let pool else { throw RBDFailure(code: ENOMEM, action: "opening the pool \(place.pool)") }
        if !place.namespace.isEmpty { rados_ioctx_set_namespace(pool, place.namespace) }
        return pool
    }

    /// The value of an option; nil if it has none.
    func option(_ name: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        guard rados_conf_get(handle, name, &buffer, buffer.count) == 0 else { return nil }
        let text = string(buffer)
        return text.isEmpty ? nil : text
    }

    var identity: String {
        get throws(RBDFailure) {
            var buffer = [CChar](repeating: 0, count: 64)
            try check(rados_cluster_fsid(handle, &buffer, buffer.count), "asking who the cluster is")
            return string(buffer)
        }
    }

    /// This client's, as the others see them: `address:port/nonce`.
    var addresses: [String] {
        get throws(RBDFailure) {
            var text: UnsafeMutablePointer<CChar>?
            try check(rados_getaddrs(handle, &text), "asking for this client's address")
            guard let text else { return [] }
            defer { free(text) }
            return String(cString: text).split(separator: ",").map(String.init)
        }
    }

    /// What the monitors answer to a command.
    func command(_ json: String) throws(RBDFailure) -> String {
        var (output, status): (UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<CChar>?)
        var (outputLength, statusLength) = (0, 0)
        let result = json.withCString { command in
            var commands: [UnsafePointer<CChar>?] = [command]
            return rados_mon_command(
                handle, &commands, 1, nil, 0, &output, &outputLength, &status, &statusLength)
        }
        defer {
            rados_buffer_free(output)
            rados_buffer_free(status)
        }
        let said = text(status, statusLength)
        try check(result, "asking the monitors\(said.isEmpty ? "" : ": \(said)")")
        return text(output, outputLength)
    }

    /// Returns once no OSD serves the client any more.
    func block(_ address: String, seconds: Int64) throws(RBDFailure) {
        var characters = Array(address.utf8CString)
        try check(
            rados_blocklist_add(handle, &characters, UInt32(clamping: seconds)), "putting \(address) on the blocklist")
        // What was on its way under an older map is refused from then on.
        try check(rados_wait_for_latest_osdmap(handle), "waiting for the cluster's newest map")
    }

    private func text(_ bytes: UnsafeMutablePointer<CChar>?, _ length: Int) -> String {
        guard let bytes, length > 0 else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: bytes, count: length), as: UTF8.self)
    }
}

/// librados and librbd answer zero, or more, or a negated errno(3).
@discardableResult
func check(_ result: Int32, _ action: String) throws(RBDFailure) -> Int32 {
    guard result >= 0 else { throw RBDFailure(code: -result, action: action) }
    return result
}

func string(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
