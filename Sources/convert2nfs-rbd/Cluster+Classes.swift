import CRBD
import Glibc
import RBDWire

/// What is asked of RBD's part of the OSDs (cls_rbd) directly, as librbd does: it answers of images that librbd does not open, too.
extension Cluster {
    /// Answers at most so many bytes.
    private static let longest = 65536

    /// Nil if the object is not there, or does not know.
    func execute(
        _ method: String, of object: String, _ question: [UInt8] = [], through context: rados_ioctx_t?, _ action: String
    ) throws(RBDFailure) -> [UInt8]? {
        var answer = [CChar](repeating: 0, count: Self.longest)
        let length = question.withUnsafeBytes { bytes in
            rados_exec(
                context, object, "rbd", method, bytes.bindMemory(to: CChar.self).baseAddress, question.count, &answer,
                answer.count)
        }
        if length == -ENOENT { return nil }
        try check(length, action)
        return answer.prefix(Int(length)).map { UInt8(bitPattern: $0) }
    }

    /// What the image with that id could hold at most, in bytes: each of its snapshots may come to hold as much as it had then. Nil if it is
    /// not there.
    func promise(ofImage id: String) throws(RBDFailure) -> Int64? {
        guard let snapshots = try header("get_snapcontext", of: id),
            // After the number of the last one.
            let ids = Encoding.numbers(snapshots.dropFirst(8))
        else { return nil }
        var sum: Int64 = 0
        for snapshot in ids + [Self.head] {
            // Behind the size of its objects. One that is gone by now holds nothing.
            guard let answer = try header("get_size", of: id, Encoding.bytes(snapshot)),
                let size = Encoding.number(answer.dropFirst())
            else { continue }
            sum = Self.sum(sum, Int64(clamping: size))
        }
        return sum
    }

    /// CEPH_NOSNAP: the image itself.
    private static let head = UInt64.max - 1

    private func header(_ method: String, of id: String, _ question: [UInt8] = []) throws(RBDFailure) -> [UInt8]? {
        try execute(method, of: "rbd_header.\(id)", question, through: pool, "looking at the image \(id)")
    }
}

/// How Ceph writes values: numbers with the lowest byte first. Pure.
enum Encoding {
    static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }

    /// The length in four bytes, and the text.
    static func bytes(_ text: String) -> [UInt8] { bytes(UInt32(text.utf8.count)) + Array(text.utf8) }

    static func number(_ bytes: some Collection<UInt8>) -> UInt64? {
        guard bytes.count >= 8 else { return nil }
        return bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Their number in four bytes, and each of them in eight.
    static func numbers(_ bytes: some Collection<UInt8>) -> [UInt64]? {
        guard let count = count(bytes) else { return nil }
        let rest = Array(bytes.dropFirst(4))
        guard rest.count >= 8 * count else { return nil }
        return (0..<count).compactMap { number(rest[(8 * $0)...]) }
    }

    static func text(_ bytes: some Collection<UInt8>) -> String? {
        guard let count = count(bytes), bytes.count >= 4 + count else { return nil }
        return String(decoding: bytes.dropFirst(4).prefix(count), as: UTF8.self)
    }

    private static func count(_ bytes: some Collection<UInt8>) -> Int? {
        guard bytes.count >= 4 else { return nil }
        return Int(bytes.prefix(4).reversed().reduce(0) { $0 << 8 | UInt64($1) })
    }
}
