import Glibc

/// What libnfs answers when a call fails, read for what it means. Pure.
struct LibnfsFailure: Equatable {
    /// A negative errno.
    let status: Int32
    let text: String

    /// The server asks to come back: it is in its grace period after a restart, or busy.
    var isLater: Bool {
        writeStatus == 10008 || ["NFS4ERR_GRACE", "NFS4ERR_DELAY", "NFS3ERR_JUKEBOX"].contains { text.contains($0) }
    }

    func error(_ operation: String) -> NFSError {
        guard let writeStatus else {
            // -1 is not an errno where libnfs could not even send the call.
            let code = status == -1 && !text.contains("ERR_PERM") ? EIO : -status
            return NFSError(code: code, operation: operation, message: text)
        }
        return NFSError(
            code: Self.errnos[writeStatus] ?? Int32(clamping: writeStatus), operation: operation,
            message: "NFSv3 status \(writeStatus)")
    }

    /// Libnfs 4.0 answers EFAULT for every READ or WRITE of NFSv3 that the server refuses, and prints the reply as if
    /// it were text: the bytes between the quotes are its first word, the nfsstat3, as it lies in memory up to its
    /// first zero byte.
    private var writeStatus: UInt32? {
        guard status == -EFAULT, text.hasSuffix("\""), let quote = text.firstIndex(of: "\""),
            text[..<quote].hasSuffix("call failed with ")
        else { return nil }
        let word = text[quote...].utf8.dropFirst().dropLast()
        guard !word.isEmpty, word.count <= 4 else { return nil }
        return word.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Where nfsstat3 (RFC 1813, section 2.6) is not the errno of Linux.
    private static let errnos: [UInt32: Int32] = [
        63: ENAMETOOLONG, 66: ENOTEMPTY, 69: EDQUOT, 70: ESTALE, 71: EREMOTE, 10001: EBADF, 10006: EIO, 10008: EAGAIN,
    ]
}
