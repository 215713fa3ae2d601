import CNFS
import Glibc
import HostTools

/// A mount of one export by libnfs, in this process: no kernel mount, no privileges but a port below 1024 where the
/// server wants one. Calls block a thread of their own and end at the deadline. The TCP connection is made anew when it
/// breaks and what was under way is sent again, as a hard mount does, within the deadline.
///
/// Paths are below the export: `/dir/file`. Libnfs 4.0 speaks NFSv3 and NFSv4.0; for 4.1 see `RPCProbe.exchangeID`.
package actor NFSConnection {
    package enum Version: Int32, Sendable, CaseIterable {
        case v3 = 3
        case v4 = 4
    }

    /// What to mount, and as whom.
    package struct Target: Sendable {
        package var server: String
        package var path: String
        package var version: Version
        package var nfsPort: UInt16
        /// For NFSv3 only; the port mapper is never asked.
        package var mountdPort: UInt16
        /// For each call. Rounded up to whole seconds, which is all libnfs keeps.
        package var deadline: Duration
        package var user: Int32
        package var group: Int32

        package init(
            server: String, path: String, version: Version = .v3, nfsPort: UInt16 = 2049, mountdPort: UInt16 = 20048,
            deadline: Duration = .seconds(10), user: Int32 = 0, group: Int32 = 0
        ) {
            self.server = server
            self.path = path
            self.version = version
            self.nfsPort = nfsPort
            self.mountdPort = mountdPort
            self.deadline = deadline
            self.user = user
            self.group = group
        }
    }

    /// Owns the pointer, so that it is freed on whatever thread the last reference goes.
    private final class Context {
        let pointer: OpaquePointer
        init(_ pointer: OpaquePointer) { self.pointer = pointer }
        deinit { nfs_destroy_context(pointer) }
    }

    private nonisolated let executor = BlockingExecutor(label: "nfs-client")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    package nonisolated let target: Target
    private var context: Context?
    private var files: [Int: OpaquePointer] = [:]
    private var nextFile = 0

    package init(_ target: Target) { self.target = target }

    /// Mounts; a second call is harmless. Throws `EACCES` when the server refuses this client, `ENOENT` for a path it
    /// does not export, `ECONNREFUSED` and `ETIMEDOUT` when nobody answers.
    package func mount() throws(NFSError) {
        guard context == nil else { return }
        let what = "mount \(target.server):\(target.path)"
        guard let pointer = nfs_init_context() else {
            throw NFSError(code: ENOMEM, operation: what, message: "libnfs gave no context")
        }
        let fresh = Context(pointer)
        guard let url = nfs_parse_url_dir(pointer, url) else {
            throw NFSError(code: EINVAL, operation: what, message: String(cString: nfs_get_error(pointer)))
        }
        defer { nfs_destroy_url(url) }
        nfs_set_uid(pointer, target.user)
        nfs_set_gid(pointer, target.group)
        nfs_set_timeout(pointer, Int32(clamping: wholeSeconds * 1000))
        // A second connection's changes are what our checks want to see.
        nfs_set_dircache(pointer, 0)
        let status = nfs_mount(pointer, url.pointee.server, url.pointee.path)
        if status < 0 {
            let text = nfs_get_error(pointer).map { String(cString: $0) } ?? ""
            throw LibnfsFailure(status: status, text: text).error(what)
        }
        context = fresh
    }

    /// Closes every open file and the connection. A second call is harmless.
    package func close() {
        guard let context else { return }
        for file in files.values { nfs_close(context.pointer, file) }
        files = [:]
        self.context = nil
    }

    /// The file handle of the export's root, as the server gave it out.
    package func rootHandle() throws(NFSError) -> [UInt8] {
        let pointer = try mounted("root handle")
        guard let handle = nfs_get_rootfh(pointer), let bytes = handle.pointee.val else {
            throw NFSError(code: EBADF, operation: "root handle", message: "not mounted")
        }
        return UnsafeRawBufferPointer(start: bytes, count: Int(handle.pointee.len)).map { $0 }
    }

    /// Later calls act as this user and group (AUTH_SYS).
    package func act(as user: Int32, group: Int32) throws(NFSError) {
        let pointer = try mounted("act as \(user)")
        nfs_set_uid(pointer, user)
        nfs_set_gid(pointer, group)
    }

    // MARK: For the extensions

    /// Runs `body` on the context; a negative answer is thrown as the errno it means. A server that asks to come back
    /// later (in its grace period, or busy) is asked again until the deadline, as RFC 7530, section 9.6.2, and RFC 1813
    /// for NFS3ERR_JUKEBOX want it from clients.
    @discardableResult
    func call(_ operation: @autoclosure () -> String, _ body: (OpaquePointer) -> Int32) throws(NFSError) -> Int32 {
        let pointer = try mounted(operation())
        let end = ContinuousClock.now + target.deadline
        while true {
            let status = body(pointer)
            guard status < 0 else { return status }
            let text = nfs_get_error(pointer).map { String(cString: $0) } ?? ""
            let failure = LibnfsFailure(status: status, text: text)
            guard failure.isLater, ContinuousClock.now < end else { throw failure.error(operation()) }
            usleep(100_000)
        }
    }

    /// How many bytes one read or write may have, so that it is one RPC: of a call that libnfs splits, only the last
    /// part's error is known.
    func transferSize(writing: Bool) throws(NFSError) -> Int {
        let pointer = try mounted("transfer")
        switch (target.version, writing) {
        case (.v3, true): return min(1 << 20, Int(clamping: max(4096, nfs_get_writemax(pointer))))
        case (.v3, false): return min(1 << 20, Int(clamping: max(4096, nfs_get_readmax(pointer))))
        // Libnfs 4.0 encodes a COMPOUND in a buffer of 4 KiB ("ZDR error: Failed to encode COMPOUND4args" beyond).
        case (.v4, true): return 2048
        case (.v4, false): return 1 << 16
        }
    }

    func keep(_ file: OpaquePointer) -> Int {
        nextFile += 1
        files[nextFile] = file
        return nextFile
    }

    func file(_ number: Int, for operation: String) throws(NFSError) -> OpaquePointer {
        guard let file = files[number] else {
            throw NFSError(code: EBADF, operation: operation, message: "the file is closed")
        }
        return file
    }

    func forget(_ number: Int) { files[number] = nil }

    private func mounted(_ operation: String) throws(NFSError) -> OpaquePointer {
        guard let context else { throw NFSError(code: ENOTCONN, operation: operation, message: "not mounted") }
        return context.pointer
    }

    private var wholeSeconds: Int64 {
        max(1, target.deadline.components.seconds + (target.deadline.components.attoseconds > 0 ? 1 : 0))
    }

    private var url: String {
        // Connecting has no deadline in libnfs; the kernel gives up after 2^(n+1)-1 seconds for n repeated SYNs
        // (tcp(7)).
        let repeats = max(1, Int64.bitWidth - (wholeSeconds + 1).leadingZeroBitCount - 2)
        // libnfs takes all up to the path for the host, IPv6 without brackets.
        return "nfs://\(target.server)\(target.path)?version=\(target.version.rawValue)&nfsport=\(target.nfsPort)"
            + "&mountport=\(target.mountdPort)&tcp-syncnt=\(repeats)"
    }
}
