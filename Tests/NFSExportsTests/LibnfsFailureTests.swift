import Glibc
import TestSupport
import Testing

@testable import NFSClient

@Suite("What libnfs answers", .tags(.unit))
struct LibnfsFailureTests {
    /// Texts as libnfs 4.0 gave them against a real server.
    @Test(
        "the errno of a failed call is found",
        arguments: [
            (-EFAULT, "pwrite call failed with \"\u{1C}\"", ENOSPC), (-EFAULT, "pwrite call failed with \"F\"", ESTALE),
            (-EFAULT, "pwrite call failed with \"\r\"", EACCES), (-EFAULT, "pwrite call failed with \"E\"", EDQUOT),
            (-EFAULT, "something else", EFAULT), (-ENOENT, "NFS: Lookup of /x failed with NFS3ERR_NOENT(-2)", ENOENT),
            (-1, "nfs_pwrite_async failed. ZDR error: Failed to encode COMPOUND4args", EIO),
            (-1, "NFS: failed with NFS3ERR_PERM(-1)", EPERM),
        ] as [(Int32, String, Int32)])
    func errno(_ status: Int32, _ text: String, _ code: Int32) {
        #expect(LibnfsFailure(status: status, text: text).error("test").code == code)
    }

    @Test(
        "a server that wants to be asked later is told from one that refuses",
        arguments: [
            (-ERANGE, "open call failed with \"NFS4: (path /) failed with NFS4ERR_GRACE(-5)\"", true),
            (-EFAULT, "pwrite call failed with \"\u{18}\u{27}\"", true),
            (-EFAULT, "pwrite call failed with \"F\"", false), (-EACCES, "NFS4ERR_ACCESS", false),
        ] as [(Int32, String, Bool)])
    func later(_ status: Int32, _ text: String, _ isLater: Bool) {
        #expect(LibnfsFailure(status: status, text: text).isLater == isLater)
    }
}
