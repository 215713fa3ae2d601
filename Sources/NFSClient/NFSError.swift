import Glibc

/// What an NFS operation failed with: an errno (as libnfs maps NFS status codes to it) and libnfs's or the probe's
/// words.
package struct NFSError: Error, Sendable, Equatable {
    /// A positive errno: `ENOSPC`, `EACCES`, `ESTALE`, `ETIMEDOUT`, ...
    package let code: Int32
    /// What was tried, and on what: `write big.bin`.
    package let operation: String
    package let message: String

    package init(code: Int32, operation: String, message: String) {
        self.code = code
        self.operation = operation
        self.message = message
    }

    /// The volume is full, or the user's quota is.
    package var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT }
    /// The server refuses this client or user. libnfs answers EPERM for a refused mount and EACCES for the rest.
    package var isDenied: Bool { code == EACCES || code == EPERM }
    /// The handle names nothing any more: the export was withdrawn, or the file was removed.
    package var isStale: Bool { code == ESTALE }
    package var isTimeout: Bool { code == ETIMEDOUT }
}

extension NFSError: CustomStringConvertible {
    package var description: String {
        "\(operation): \(message.isEmpty ? String(cString: strerror(code)) : message) (errno \(code))"
    }
}
