import CRBD
import Glibc
import RBDWire

/// Who has an image.
extension Cluster {
    /// One that only reads is none itself.
    func watchers(of image: rbd_image_t, _ name: String) throws(RBDFailure) -> [String] {
        let found = try list("asking who has \(name)", rbd_image_watcher_t()) { rbd_watchers_list(image, $0, $1) }
        defer { var found = found; rbd_watchers_list_cleanup(&found, found.count) }
        return found.map { String(cString: $0.addr) }
    }

    func lockOwners(_ name: String) throws(RBDFailure) -> [String] { try lockers(of: header(of: name)).map(\.address) }

    func takeLock(_ name: String, from addresses: [String]) throws(RBDFailure) {
        // So that the image's OSD has the list, too, before somebody else writes.
        try check(rados_wait_for_latest_osdmap(handle), "waiting for the newest map of the OSDs")
        let header = try header(of: name)
        for holder in try lockers(of: header) where addresses.contains(holder.address) {
            let result = rados_break_lock(pool, header, Self.lock, holder.client, holder.cookie)
            if result != -ENOENT { try check(result, "taking the lock of \(name) from \(holder.address)") }
        }
    }

    /// The object that has the image's lock.
    private func header(of name: String) throws(RBDFailure) -> String {
        guard let id = try writtenID(of: name) else { throw RBDFailure(code: ENOENT, action: "looking for \(name)") }
        return "rbd_header.\(id)"
    }

    /// As librbd and the kernel's client call the exclusive lock of an image.
    private static let lock = "rbd_lock"

    private func lockers(
        of object: String
    ) throws(RBDFailure) -> [(client: String, cookie: String, address: String)] {
        var (isExclusive, tagLength): (Int32, Int) = (0, 256)
        var (clientLength, cookieLength, addressLength) = (256, 256, 256)
        while true {
            var tag = [CChar](repeating: 0, count: tagLength)
            var clients = [CChar](repeating: 0, count: clientLength)
            var cookies = [CChar](repeating: 0, count: cookieLength)
            var addresses = [CChar](repeating: 0, count: addressLength)
            let result = rados_list_lockers(
                pool, object, Self.lock, &isExclusive, &tag, &tagLength, &clients, &clientLength, &cookies,
                &cookieLength,
                &addresses, &addressLength)
            if result == -Int(ERANGE) { continue }
            if result == -Int(ENOENT) { return [] }
            try check(Int32(clamping: result), "asking who has the lock of \(object)")
            let (names, marks) = (texts(clients.prefix(clientLength)), texts(cookies.prefix(cookieLength)))
            return zip(zip(names, marks), texts(addresses.prefix(addressLength))).map {
                ($0.0, $0.1, RBDAddress.untyped($1))
            }
        }
    }
}
