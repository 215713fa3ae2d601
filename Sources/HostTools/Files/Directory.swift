import Glibc

/// Directories.
package enum Directory {
    /// The names in it but `.` and `..`, in no order. Nil if there is no such directory.
    package static func names(in path: String) throws(HostError) -> [String]? {
        guard let stream = opendir(path) else {
            if errno == ENOENT { return nil }
            throw HostError.systemCall(name: "opendir", errno: errno, subject: path)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno == 0 { return names }
                throw HostError.systemCall(name: "readdir", errno: errno, subject: path)
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
    }

    /// The path without symbolic links and `..`; nil if there is no such file.
    package static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Whether the path itself is a directory, and no link to one; nil if there is nothing.
    package static func isPlain(_ path: String) throws(HostError) -> Bool? {
        var status = stat()
        if lstat(path, &status) == 0 { return status.st_mode & S_IFMT == S_IFDIR }
        if errno == ENOENT { return nil }
        throw HostError.systemCall(name: "lstat", errno: errno, subject: path)
    }

    /// The user that owns it.
    package static func owner(of path: String) throws(HostError) -> UInt32 {
        var status = stat()
        try systemCall("stat", path) { stat(path, &status) }
        return status.st_uid
    }

    /// Makes the owner and the group of what is at `other` those of `path` too.
    package static func giveToOwner(of other: String, _ path: String) throws(HostError) {
        guard let facts = try FileFacts.of(other) else { throw HostError.unexpected("\(other) is not there") }
        try systemCall("chown", path) { lchown(path, facts.user, facts.group) }
    }

    /// Makes root its owner.
    package static func giveToRoot(_ path: String) throws(HostError) {
        try systemCall("chown", path) { chown(path, 0, 0) }
    }

    /// Ensures the directory with exactly `mode`, and its parents with 0755. True if it was made.
    @discardableResult
    package static func ensure(_ path: String, mode: mode_t) throws(HostError) -> Bool {
        if mkdir(path, mode) == 0 {
            try systemCall("chmod", path) { chmod(path, mode) }
            return true
        }
        switch errno {
        case EEXIST:
            var status = stat()
            try systemCall("stat", path) { stat(path, &status) }
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw HostError.systemCall(name: "mkdir", errno: ENOTDIR, subject: path)
            }
            if status.st_mode & 0o7777 != mode { try systemCall("chmod", path) { chmod(path, mode) } }
            return false
        case ENOENT:
            guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
                throw HostError.systemCall(name: "mkdir", errno: ENOENT, subject: path)
            }
            try ensureParents(String(path[..<slash]))
            return try ensure(path, mode: mode)
        default:
            throw HostError.systemCall(name: "mkdir", errno: errno, subject: path)
        }
    }

    /// Ensures there is a directory: made with `mode`, its parents with 0755; one that exists keeps the mode it has. True if it
    /// was made.
    @discardableResult
    package static func ensureExists(_ path: String, mode: mode_t) throws(HostError) -> Bool {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return false }
        return try ensure(path, mode: mode)
    }

    /// Parents that exist keep the mode an administrator gave them.
    private static func ensureParents(_ path: String) throws(HostError) {
        if mkdir(path, 0o755) == 0 {
            // The process's umask must not decide whether others can pass.
            try systemCall("chmod", path) { chmod(path, 0o755) }
            return
        }
        if errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw HostError.systemCall(name: "mkdir", errno: errno, subject: path)
        }
        try ensureParents(String(path[..<slash]))
        try ensureParents(path)
    }

    /// Ensures the empty directory is gone; true if it was there. ENOTEMPTY or EBUSY (`systemCall`) if it is not empty
    /// or something is mounted on it.
    @discardableResult
    package static func remove(_ path: String) throws(HostError) -> Bool {
        if rmdir(path) == 0 { return true }
        if errno == ENOENT { return false }
        throw HostError.systemCall(name: "rmdir", errno: errno, subject: path)
    }
}
