import FoundationEssentials
import Glibc
import HostTools
import CHostShims

/// The network namespace this process is in.
package enum NetworkNamespace {
    /// Whether it is another than that of the host's first process, or that one cannot be seen, as in a PID namespace.
    static func isOwn() throws -> Bool {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
        let first = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/1/ns/net")
        return own != first || getpid() == 1 || first.isEmpty
    }

    /// Takes the calling thread into the namespace that ip-netns(8) keeps under this name; threads that it starts
    /// afterwards are in it too, so call it first of all.
    package static func enter(_ name: String) throws(HostError) {
        let path = "/run/netns/\(name)"
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw HostError.systemCall(name: "open", errno: errno, subject: path) }
        defer { close(descriptor) }
        guard host_enter_network(descriptor) == 0 else {
            throw HostError.systemCall(name: "setns", errno: errno, subject: path)
        }
    }
}
