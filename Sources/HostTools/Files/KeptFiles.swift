import Glibc

/// Files that are about to be replaced or removed, kept under a second name in the same filesystem. They take no room while they are
/// there under the first one, too.
package enum KeptFiles {
    /// Ensures the directory `root`/`directory`, which only root may enter, whoever made it. ELOOP or ENOTDIR (`systemCall`) if it is a
    /// link, or anything else: what is kept there stays below `root`. Nobody else may change anything there meanwhile.
    package static func prepare(_ directory: String, in root: String) throws(HostError) {
        _ = try top(directory, of: try Descriptor(opening: root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
    }

    private static func top(_ directory: String, of base: borrowing Descriptor) throws(HostError) -> Descriptor {
        let top = try enter(directory, of: base, mayExist: true, mode: 0o700)
        try systemCall("fchown", directory) { fchown(top.raw, 0, 0) }
        try systemCall("fchmod", directory) { fchmod(top.raw, 0o700) }
        return top
    }

    /// Links `files`, paths below `root` as the filesystem has them, into the new directory `root`/`directory`/`name`: see
    /// `prepare`. Nobody else may change anything below `root` meanwhile. EEXIST (`systemCall`) if there is one of that name.
    package static func link(_ files: [[UInt8]], in root: String, into directory: String, _ name: String)
        throws(HostError)
    {
        let base = try Descriptor(opening: root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        let top = try top(directory, of: base)
        let target = try enter(name, of: top, mayExist: false, mode: 0o700)
        for file in files { try link(file, of: base, into: target) }
        try target.sync("\(root)/\(directory)/\(name)")
        try top.sync("\(root)/\(directory)")
        try base.sync(root)
    }

    private static func link(
        _ file: [UInt8], of base: borrowing Descriptor, into target: borrowing Descriptor
    ) throws(HostError) {
        let parts = file.split(separator: 0x2F)
        guard let last = parts.last else { return }
        let directory = try directories(Array(parts.dropLast()), below: target)
        try systemCall("linkat", String(decoding: file, as: UTF8.self)) {
            withPath(file) { source in withPath(last) { linkat(base.raw, source, directory.raw, $0, 0) } }
        }
    }

    private static func directories(
        _ parts: [ArraySlice<UInt8>], below target: borrowing Descriptor
    ) throws(HostError) -> Descriptor {
        var current = Descriptor(adopting: try systemCall("dup", "a directory") { dup(target.raw) })
        for part in parts {
            current = try enter(
                String(decoding: part, as: UTF8.self), bytes: part, of: current, mayExist: true, mode: 0o700)
        }
        return current
    }

    private static func enter(
        _ name: String, bytes: ArraySlice<UInt8>? = nil, of parent: borrowing Descriptor, mayExist: Bool, mode: mode_t
    ) throws(HostError) -> Descriptor {
        let bytes = bytes ?? ArraySlice(name.utf8)
        do {
            try systemCall("mkdirat", name) { withPath(bytes) { mkdirat(parent.raw, $0, mode) } }
        } catch HostError.systemCall(_, EEXIST, _) where mayExist {}
        return Descriptor(
            adopting: try systemCall("openat", name) {
                withPath(bytes) { openat(parent.raw, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
            })
    }

    private static func withPath(_ bytes: some Collection<UInt8>, _ body: (UnsafePointer<CChar>) -> Int32) -> Int32 {
        let text = bytes.map(CChar.init(bitPattern:)) + [0]
        return text.withUnsafeBufferPointer { $0.baseAddress.map(body) ?? -1 }
    }
}
