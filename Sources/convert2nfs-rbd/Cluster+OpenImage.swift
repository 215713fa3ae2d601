import CRBD
import Glibc
import RBDWire

/// An image that is open, and lists of librbd.
extension Cluster {
    @discardableResult
    func open<Value>(
        _ name: String, in pool: rados_ioctx_t? = nil, isReadOnly: Bool = false,
        _ body: (rbd_image_t) throws(RBDFailure) -> Value
    ) throws(RBDFailure) -> Value {
        var image: rbd_image_t?
        let pool = pool ?? self.pool
        try check(
            isReadOnly ? rbd_open_read_only(pool, name, &image, nil) : rbd_open(pool, name, &image, nil),
            "opening \(name)")
        return try using(image, name, body)
    }

    /// To read; of the trash, too.
    func open<Value>(
        id: String, _ body: (rbd_image_t) throws(RBDFailure) -> Value
    ) throws(RBDFailure) -> Value {
        var image: rbd_image_t?
        try check(rbd_open_by_id_read_only(pool, id, &image, nil), "opening the image with the id \(id)")
        return try using(image, id, body)
    }

    private func using<Value>(
        _ image: rbd_image_t?, _ name: String, _ body: (rbd_image_t) throws(RBDFailure) -> Value
    ) throws(RBDFailure) -> Value {
        guard let image else { throw RBDFailure(code: ENOMEM, action: "opening \(name)") }
        defer { rbd_close(image) }
        return try body(image)
    }

    func id(of image: rbd_image_t, _ name: String) throws(RBDFailure) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        try check(rbd_get_id(image, &buffer, buffer.count), "asking for the id of \(name)")
        return string(buffer)
    }

    func size(of image: rbd_image_t, _ name: String) throws(RBDFailure) -> Int64 {
        var size: UInt64 = 0
        try check(rbd_get_size(image, &size), "reading the size of \(name)")
        return Int64(clamping: size)
    }

    func set(_ metadata: [String: String], of image: rbd_image_t, _ name: String) throws(RBDFailure) {
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            try check(rbd_metadata_set(image, key, value), "writing the metadata of \(name)")
        }
    }

    func metadata(of image: rbd_image_t, _ name: String) throws(RBDFailure) -> [String: String] {
        var (keyLength, valueLength) = (4096, 16384)
        while true {
            var keys = [CChar](repeating: 0, count: keyLength)
            var values = [CChar](repeating: 0, count: valueLength)
            let result = rbd_metadata_list(image, "", 0, &keys, &keyLength, &values, &valueLength)
            if result == -ERANGE { continue }
            try check(result, "reading the metadata of \(name)")
            return Dictionary(
                zip(texts(keys.prefix(keyLength)), texts(values.prefix(valueLength)))
            ) { $1 }
        }
    }

    /// Each ends with a zero.
    func texts(_ characters: ArraySlice<CChar>) -> [String] {
        var texts = characters.split(separator: 0, omittingEmptySubsequences: false).map {
            String(decoding: $0.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        if texts.last == "" { texts.removeLast() }
        return texts
    }

    /// Those that somebody has taken; Ceph has others, of what was removed and is shared still.
    func snapshots(of image: rbd_image_t, _ name: String) throws(RBDFailure) -> [RBDImage.Snapshot] {
        var count: Int32 = 64
        while true {
            var found = [rbd_snap_info_t](repeating: rbd_snap_info_t(), count: Int(count))
            let result = rbd_snap_list(image, &found, &count)
            if result == -ERANGE { continue }
            try check(result, "listing the snapshots of \(name)")
            defer { rbd_snap_list_end(&found) }
            var snapshots: [RBDImage.Snapshot] = []
            for one in found.prefix(Int(result)) where try isTaken(one.id, of: image, name) {
                snapshots.append(.init(name: String(cString: one.name), size: Int64(clamping: one.size)))
            }
            return snapshots
        }
    }

    private func isTaken(_ snapshot: UInt64, of image: rbd_image_t, _ name: String) throws(RBDFailure) -> Bool {
        var kind = RBD_SNAP_NAMESPACE_TYPE_USER
        let result = rbd_snap_get_namespace_type(image, snapshot, &kind)
        // It was removed since it was listed.
        if result == -ENOENT { return false }
        try check(result, "looking at a snapshot of \(name)")
        return kind == RBD_SNAP_NAMESPACE_TYPE_USER
    }

    func isClone(_ image: rbd_image_t, _ name: String) throws(RBDFailure) -> Bool {
        var (parent, snapshot) = (rbd_linked_image_spec_t(), rbd_snap_spec_t())
        let result = rbd_get_parent(image, &parent, &snapshot)
        if result == -ENOENT { return false }
        try check(result, "asking what \(name) was cloned from")
        rbd_linked_image_spec_cleanup(&parent)
        rbd_snap_spec_cleanup(&snapshot)
        return true
    }

    /// What a call of librbd lists that answers ERANGE, and how many there are, when there is not room enough.
    func list<Element>(
        _ action: String, _ blank: Element,
        _ call: (UnsafeMutablePointer<Element>, UnsafeMutablePointer<Int>) -> Int32
    ) throws(RBDFailure) -> [Element] {
        var count = 64
        while true {
            var found = [Element](repeating: blank, count: max(1, count))
            let result = found.withUnsafeMutableBufferPointer { buffer in
                buffer.baseAddress.map { call($0, &count) } ?? -EINVAL
            }
            if result == -ERANGE { continue }
            try check(result, action)
            return Array(found.prefix(count))
        }
    }
}
