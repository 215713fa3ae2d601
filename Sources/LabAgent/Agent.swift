import CHostShims
import Glibc

/// `convert2nfs-lab-agent ADDRESS PORT`: runs in a machine of the lab and does there what the lab asks for over TCP, as
/// root and without asking who it is. Nobody but the lab is on that network. One connection is one call (`Frame`).
/// Linked to nothing but the C library, so that it starts at once on an emulated processor.
@main
enum Agent {
    static func main() {
        signal(SIGPIPE, SIG_IGN)
        let arguments = CommandLine.arguments
        if arguments.count == 4, arguments[1] == "write" {
            var writer = Writer(arguments[2], arguments[3])
            return writer.run()
        }
        guard arguments.count == 3, let port = UInt16(arguments[2]),
            let listener = listen(at: arguments[1], port)
        else {
            print("convert2nfs-lab-agent: cannot listen at \(arguments.dropFirst().joined(separator: " "))")
            exit(EX_OSERR)
        }
        while true {
            let connection = host_accept(listener)
            guard connection >= 0 else { continue }
            Thread.start {
                var call = Call(connection)
                call.serve()
            }
        }
    }

    private static func listen(at host: String, _ port: UInt16) -> Int32? {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else { return nil }
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        return isBound && Glibc.listen(listener, 64) == 0 ? listener : nil
    }
}

/// A thread that ends with its body.
enum Thread {
    private final class Work {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    static func start(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(body))
        let result = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, work.toOpaque())
        guard result == 0 else { return work.release() }
        pthread_detach(thread)
    }
}
