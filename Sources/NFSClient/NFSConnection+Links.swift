import CNFS
import Glibc

extension NFSConnection {
    /// Makes a symbolic link at `path` that holds `target` as it is, whether there is such a file or not. `EEXIST` if
    /// something is there.
    package func makeLink(_ path: String, to target: String) throws(NFSError) {
        try call("symlink \(path)") { nfs_symlink($0, target, path) }
    }

    /// What the symbolic link holds. `EINVAL` if it is none.
    package func linkTarget(of path: String) throws(NFSError) -> String {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        try call("readlink \(path)") { nfs_readlink($0, path, &target, Int32(target.count)) }
        return String(decoding: target.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
