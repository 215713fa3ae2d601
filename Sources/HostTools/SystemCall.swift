import CHostShims
import Glibc

/// Calls `body` until it is not interrupted (EINTR, signal(7)); throws its errno when it answers -1.
@discardableResult
func systemCall<Value: FixedWidthInteger & SignedInteger>(
    _ name: String, _ subject: String, _ body: () -> Value
) throws(HostError) -> Value {
    while true {
        let result = body()
        if result != -1 { return result }
        let number = errno
        if number != EINTR { throw HostError.systemCall(name: name, errno: number, subject: subject) }
    }
}

/// strerror_r(3), which unlike strerror(3) keeps nothing in a buffer that threads share.
func errorText(_ number: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard strerror_r(number, &buffer, buffer.count) == 0 else { return "error \(number)" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// What the symbolic link at `path` holds; nil if there is none.
func linkTarget(_ path: String) throws(HostError) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink(path, &buffer, buffer.count)
    if length < 0 {
        if errno == ENOENT || errno == ESRCH { return nil }
        throw HostError.systemCall(name: "readlink", errno: errno, subject: path)
    }
    return String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// A file descriptor that is closed when its owner ends. Always close-on-exec, so that no tool and no server inherits
/// it.
struct Descriptor: ~Copyable {
    let raw: Int32

    /// open(2) with O_CLOEXEC added.
    init(opening path: String, _ flags: Int32, mode: mode_t = 0) throws(HostError) {
        raw = try systemCall("open", path) { open(path, flags | O_CLOEXEC, mode) }
    }

    init(adopting raw: Int32) { self.raw = raw }

    /// Nil if there is no such file.
    static func ifPresent(_ path: String, _ flags: Int32) throws(HostError) -> Descriptor? {
        let raw = open(path, flags | O_CLOEXEC, 0)
        if raw >= 0 { return Descriptor(adopting: raw) }
        if errno == ENOENT { return nil }
        throw HostError.systemCall(name: "open", errno: errno, subject: path)
    }

    deinit { close(raw) }

    func sync(_ path: String) throws(HostError) {
        try systemCall("fsync", path) { fsync(raw) }
    }
}

/// The device number of a block device or of the filesystem a file is on, as the kernel writes it: `7:3`.
package struct DeviceNumber: Hashable, Sendable, CustomStringConvertible {
    package let major: UInt32
    package let minor: UInt32

    package init(major: UInt32, minor: UInt32) {
        self.major = major
        self.minor = minor
    }

    init(_ encoded: dev_t) { self.init(major: host_major(encoded), minor: host_minor(encoded)) }

    package var description: String { "\(major):\(minor)" }
}

/// What makes a file the same file, whatever it is called.
package struct FileID: Hashable, Sendable {
    package let device: UInt64
    package let inode: UInt64
}
