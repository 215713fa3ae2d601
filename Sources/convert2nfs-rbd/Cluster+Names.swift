import CRBD
import Glibc
import RBDWire

/// What a name stands for. The object `rbd_directory` has the name and the id of each image, and `rbd_id.NAME` the id once more. librbd
/// changes them one after the other when it makes, renames or removes an image, and can be ended between; the directory counts.
extension Cluster {
    private static let directory = "rbd_directory"

    /// The image, once what an interrupted call has left of its name is finished or undone. Nobody else may be at work on that name.
    func settled(_ name: String) throws(RBDFailure) -> RBDImage {
        switch (try listedID(of: name), try writtenID(of: name)) {
        case (nil, .some(let written)): try clear(name, written)
        // It was on its way to the trash, and is asked to go once more.
        case (.some(let listed), nil): try restore(name, listed)
        case (.some(let listed), .some(let written)) where listed != written:
            throw RBDFailure(
                code: EIO, action: "looking for \(name), which is listed as \(listed) and written as \(written)")
        case (nil, nil), (.some, .some): break
        }
        do throws(RBDFailure) { return try inspect(name) } catch  where error.code == ENOENT {
            // A new one that has got no header.
            if try listedID(of: name) != nil {
                try check(rbd_remove(removals, name), "removing what is left of \(name)")
            }
            throw error
        }
    }

    /// A renaming has not come so far yet, or is nearly done; or a new image was never listed. Never the only name of an image.
    private func clear(_ name: String, _ id: String) throws(RBDFailure) {
        if try execute("dir_get_name", [id], "looking for the name of \(id)") == nil, try hasHeader(id) {
            throw RBDFailure(code: EIO, action: "looking for \(name), which is there and is not listed")
        }
        let result = rados_remove(removals, "rbd_id.\(name)")
        if result != -ENOENT { try check(result, "clearing the name \(name)") }
    }

    private func hasHeader(_ id: String) throws(RBDFailure) -> Bool {
        do throws(RBDFailure) { return try open(id: id) { _ throws(RBDFailure) in true } } catch
            where error.code == ENOENT
        {
            return false
        }
    }

    private func restore(_ name: String, _ id: String) throws(RBDFailure) {
        let bytes = Self.bytes(id)
        let result = bytes.withUnsafeBytes {
            rados_write_full(
                removals, "rbd_id.\(name)", $0.bindMemory(to: CChar.self).baseAddress, bytes.count)
        }
        try check(result, "restoring the name \(name)")
    }

    private func listedID(of name: String) throws(RBDFailure) -> String? {
        try execute("dir_get_id", [name], "looking for \(name)").flatMap(Self.text)
    }

    private func writtenID(of name: String) throws(RBDFailure) -> String? {
        var buffer = [CChar](repeating: 0, count: 256)
        let length = rados_read(pool, "rbd_id.\(name)", &buffer, buffer.count, 0)
        if length == -ENOENT { return nil }
        try check(length, "looking for \(name)")
        return Self.text(buffer.prefix(Int(length)).map { UInt8(bitPattern: $0) })
    }

    /// What the class of RBD answers to a question about the directory; nil for ENOENT.
    private func execute(_ method: String, _ texts: [String], _ action: String) throws(RBDFailure) -> [UInt8]? {
        let question = texts.flatMap(Self.bytes)
        var answer = [CChar](repeating: 0, count: 256)
        let length = question.withUnsafeBytes { bytes in
            rados_exec(
                removals, Self.directory, "rbd", method, bytes.bindMemory(to: CChar.self).baseAddress, question.count,
                &answer, answer.count)
        }
        if length == -ENOENT { return nil }
        try check(length, action)
        return answer.prefix(Int(length)).map { UInt8(bitPattern: $0) }
    }

    /// As Ceph writes it: the length in four bytes, the lowest first, and the text.
    private static func bytes(_ text: String) -> [UInt8] {
        let count = UInt32(text.utf8.count)
        return (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) } + Array(text.utf8)
    }

    private static func text(_ bytes: [UInt8]) -> String? {
        guard bytes.count >= 4 else { return nil }
        let count = (0..<4).reduce(0) { $0 + Int(bytes[$1]) << (8 * $1) }
        guard bytes.count >= 4 + count else { return nil }
        return String(decoding: bytes[4..<4 + count], as: UTF8.self)
    }
}
