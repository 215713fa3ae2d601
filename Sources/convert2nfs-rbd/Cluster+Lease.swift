import CRBD
import Glibc
import RBDWire

/// A lease that is kept in an object of the pool (cls_lock of Ceph), and a text beside it.
extension Cluster {
    private static let lease = "convert2nfs.lease"
    private static let text = "convert2nfs.text"
    private static let version = "convert2nfs.version"
    /// Of an attribute of an object, as OSDs take it.
    private static let longest = 65536

    func hold(_ object: String, by holder: String, seconds: Int64) throws(RBDFailure) {
        let action = "taking the lease of \(object)"
        var result = lock(object, holder, seconds)
        // The lock is a client's, and this one's earlier life was another.
        if result == -EBUSY, try breakOwn(object, holder) { result = lock(object, holder, seconds) }
        try check(result, action)
    }

    private func lock(_ object: String, _ holder: String, _ seconds: Int64) -> Int32 {
        var duration = timeval(tv_sec: Int(seconds), tv_usec: 0)
        return rados_lock_exclusive(
            pool, object, Self.lease, holder, "", &duration, UInt8(LIBRADOS_LOCK_FLAG_MAY_RENEW))
    }

    func letGo(_ object: String, by holder: String) throws(RBDFailure) {
        let result = rados_unlock(pool, object, Self.lease, holder)
        if result == -ENOENT {
            _ = try breakOwn(object, holder)
        } else {
            try check(result, "giving the lease of \(object) back")
        }
    }

    /// Ends the lock that an earlier life of the holder has; false if another has it, or nobody.
    private func breakOwn(_ object: String, _ holder: String) throws(RBDFailure) -> Bool {
        var isExclusive: Int32 = 0
        let blank = [CChar](repeating: 0, count: Self.longest)
        var (tag, client, cookie, address) = (blank, blank, blank, blank)
        var (tagLength, clientLength, cookieLength, addressLength) = (
            blank.count, blank.count, blank.count, blank.count
        )
        let count = rados_list_lockers(
            pool, object, Self.lease, &isExclusive, &tag, &tagLength, &client, &clientLength, &cookie, &cookieLength,
            &address, &addressLength)
        if count == -ENOENT { return false }
        try check(Int32(clamping: count), "asking who has the lease of \(object)")
        guard count > 0, string(cookie) == holder else { return false }
        let result = rados_break_lock(pool, object, Self.lease, client, holder)
        if result == -ENOENT { return true }
        try check(result, "ending the lease of an earlier life in \(object)")
        return true
    }

    // MARK: The text

    /// A text that is newer than its version is not overwritten unseen; an older one would be.
    func note(in object: String) throws(RBDFailure) -> RBDReply {
        let version = try attribute(Self.version, of: object)
        return .note(text: try attribute(Self.text, of: object), version: version)
    }

    private func attribute(_ name: String, of object: String) throws(RBDFailure) -> String {
        var buffer = [CChar](repeating: 0, count: Self.longest)
        let length = rados_getxattr(pool, object, name, &buffer, buffer.count)
        if [-ENOENT, -ENODATA].contains(length) { return "" }
        try check(length, "reading \(object)")
        return string(Array(buffer.prefix(Int(length))))
    }

    /// Of an object that is not there nothing can be compared, not even in the operation that makes it.
    func write(_ text: String, in object: String, over version: String) throws(RBDFailure) {
        if version.isEmpty, try write(text, in: object, if: .isNew) { return }
        guard try write(text, in: object, if: .has(version)) else {
            throw RBDFailure(code: ECANCELED, action: "writing \(object)")
        }
    }

    private enum Condition {
        case isNew
        case has(_ version: String)

        /// What it is answered with if the condition does not hold.
        var refusals: [Int32] {
            switch self {
            case .isNew: [-EEXIST]
            case .has: [-ECANCELED, -ENOENT]
            }
        }
    }

    /// False if it is not so.
    private func write(_ text: String, in object: String, if condition: Condition) throws(RBDFailure) -> Bool {
        guard let operation = rados_create_write_op() else {
            throw RBDFailure(code: ENOMEM, action: "writing \(object)")
        }
        defer { rados_release_write_op(operation) }
        switch condition {
        case .isNew: rados_write_op_create(operation, LIBRADOS_CREATE_EXCLUSIVE, nil)
        case .has(let version):
            rados_write_op_cmpxattr(
                operation, Self.version, UInt8(LIBRADOS_CMPXATTR_OP_EQ), version, version.utf8.count)
        }
        let next = String(UInt64.random(in: 1 ... .max), radix: 16)
        rados_write_op_setxattr(operation, Self.version, next, next.utf8.count)
        rados_write_op_setxattr(operation, Self.text, text, text.utf8.count)
        let result = rados_write_op_operate(operation, pool, object, nil, 0)
        if condition.refusals.contains(result) { return false }
        try check(result, "writing \(object)")
        return true
    }
}
