import Foundation

/// A directory that is gone with its owner, whatever is in it; what a test mounts in it, the test unmounts.
package final class TemporaryDirectory: Sendable {
    package let path: String

    /// Below TMPDIR or /tmp; short, so that Unix sockets fit into it.
    package init() throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/c2n-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TemporaryDirectoryError(errno: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

package struct TemporaryDirectoryError: Error {
    package let errno: Int32
}
