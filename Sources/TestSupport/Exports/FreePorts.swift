import Glibc
import HostTools

/// Ports that nobody uses, so that tests run beside anything.
package enum FreePorts {
    /// `count` different ports that were free a moment ago, for TCP and for UDP both. They are not held, so another
    /// program may take one in between; that shows as a server that does not start.
    package static func pick(_ count: Int) throws(HostError) -> [UInt16] {
        var held: [Int32] = []
        var ports: [UInt16] = []
        defer { for descriptor in held { close(descriptor) } }
        for _ in 0..<count * 16 where ports.count < count {
            let tcp = try bind(0, SOCK_STREAM.rawValue)
            held.append(tcp.descriptor)
            // Taken for TCP, and so for nobody else of this loop; the same for UDP may be in use.
            guard let udp = try? bind(tcp.port, SOCK_DGRAM.rawValue) else { continue }
            held.append(udp.descriptor)
            ports.append(tcp.port)
        }
        guard ports.count == count else { throw HostError.unexpected("there are no \(count) free ports") }
        return ports
    }

    private static func bind(_ port: UInt16, _ kind: UInt32) throws(HostError) -> (descriptor: Int32, port: UInt16) {
        let descriptor = socket(AF_INET, Int32(kind) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else {
            let number = errno
            close(descriptor)
            throw HostError.systemCall(name: "bind", errno: number, subject: "port \(port)")
        }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }
}
