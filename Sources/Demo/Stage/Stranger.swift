import Glibc
import NFSClient

/// This program as an NFS client elsewhere: tries to mount, to write and to read back, tells how it went on standard
/// output and in its exit status.
struct Stranger: Sendable {
    enum Outcome: Int32, Sendable {
        case isIn = 0
        case isRefused = 77
        case failed = 70
    }

    /// Not for people; it is how the program starts itself in another network namespace.
    private static let verb = "--visit"
    private let target: NFSConnection.Target

    /// How to be started to visit `target`.
    static func arguments(_ target: NFSConnection.Target) -> [String] {
        [verb, target.server, target.path, "\(target.version.rawValue)", "\(target.nfsPort)", "\(target.mountdPort)"]
    }

    /// Nil unless the program was started so.
    init?(_ arguments: [String]) {
        guard arguments.count == 6, arguments[0] == Self.verb,
            let version = Int32(arguments[3]).flatMap(NFSConnection.Version.init(rawValue:)),
            let port = UInt16(arguments[4]), let mountdPort = UInt16(arguments[5])
        else { return nil }
        target = NFSConnection.Target(
            server: arguments[1], path: arguments[2], version: version, nfsPort: port, mountdPort: mountdPort)
    }

    func visit() async -> Int32 {
        let (outcome, text) = await tell()
        print(text)
        return outcome.rawValue
    }

    private func tell() async -> (Outcome, String) {
        let connection = NFSConnection(target)
        do throws(NFSError) {
            try await connection.mount()
        } catch {
            // An NFSv4 client that may not see an export is told that there is none (RFC 7530, 7.8: the pseudo
            // filesystem).
            let isRefused = error.isDenied || (target.version == .v4 && error.code == ENOENT)
            return (isRefused ? .isRefused : .failed, error.description)
        }
        do throws(NFSError) {
            let bytes = Array("a stranger was here".utf8)
            try await connection.write(bytes, to: "/stranger")
            let back = try await connection.read("/stranger")
            try await connection.remove("/stranger")
            await connection.close()
            return back == bytes ? (.isIn, "mounted, written and read back") : (.failed, "something else came back")
        } catch {
            return (.failed, error.description)
        }
    }
}
