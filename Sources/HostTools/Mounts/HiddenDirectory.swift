import CHostShims
import Glibc

extension Directory {
    /// The names in the directory that a mount at `path` hides; nil if there is none. Looks at it in a copy of the mount above, which
    /// nobody else sees (open_tree(2), Linux 5.2). Needs CAP_SYS_ADMIN.
    package static func hiddenNames(below path: String) throws(HostError) -> [String]? {
        guard let real = realPath(path), let slash = real.lastIndex(of: "/"), real.count > 1 else { return nil }
        let parent = slash == real.startIndex ? "/" : String(real[..<slash])
        let copy = Descriptor(
            adopting: try systemCall("open_tree", parent) { parent.withCString { host_copy_mount($0) } })
        return try names(in: "/proc/self/fd/\(copy.raw)\(real[slash...])")
    }
}
