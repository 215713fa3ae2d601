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
        if try directory("dir_get_name", id, "looking for the name of \(id)") == nil, try hasHeader(id) {
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
        let bytes = Encoding.bytes(id)
        let result = bytes.withUnsafeBytes {
            rados_write_full(
                removals, "rbd_id.\(name)", $0.bindMemory(to: CChar.self).baseAddress, bytes.count)
        }
        try check(result, "restoring the name \(name)")
    }

    private func listedID(of name: String) throws(RBDFailure) -> String? {
        try directory("dir_get_id", name, "looking for \(name)")
    }

    /// What Ceph's directory of images answers to a question with one text; nil if it does not know.
    private func directory(_ method: String, _ text: String, _ action: String) throws(RBDFailure) -> String? {
        try execute(method, of: Self.directory, Encoding.bytes(text), through: removals, action).flatMap(Encoding.text)
    }

    func writtenID(of name: String) throws(RBDFailure) -> String? {
        var buffer = [CChar](repeating: 0, count: 256)
        let length = rados_read(pool, "rbd_id.\(name)", &buffer, buffer.count, 0)
        if length == -ENOENT { return nil }
        try check(length, "looking for \(name)")
        return Encoding.text(buffer.prefix(Int(length)).map { UInt8(bitPattern: $0) })
    }
}
