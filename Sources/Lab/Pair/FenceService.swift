import Glibc
import HostTools

/// Cuts the power of machines that others ask it for: what a power switch is to a pair of storage nodes. It listens in the management
/// network; who asks sends a machine's name, and hears `off` once that machine is.
package struct FenceService: Sendable {
    static let port: UInt16 = 7100
    private let machines: [Machine]
    private let work = BlockingWork(label: "fence")

    package init(_ machines: [Machine]) { self.machines = machines }

    /// What a storage node of the lab runs to switch the other one off.
    static let command = """
        #!/bin/sh
        answer=$(echo "$CONVERT2NFS_FENCE" | busybox nc -w 10 \(LabNetwork.Link.management.address(LabNetwork.ownNumber)) \(port))
        [ "$answer" = off ] || { echo "the power switch answers: $answer" >&2; exit 1; }

        """

    /// Answers until the task is cancelled. In the lab's network namespace.
    package func run() async throws(HostError) {
        do throws(HostError) {
            try await work.run("fence", deadline: .seconds(86_400)) { [machines] token throws(HostError) in
                let listener = try Self.listen()
                defer { close(listener) }
                while !token.isCancelled {
                    var waiting = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
                    guard poll(&waiting, 1, 50) > 0 else { continue }
                    let asked = accept(listener, nil, nil)
                    guard asked >= 0 else { continue }
                    Self.serve(asked, machines)
                    close(asked)
                }
            }
        } catch  where error == .cancelled {}
    }

    /// Runs `body` while it answers. It has ended, and its port is free, when this returns or throws.
    package func serving<Value>(_ body: () async throws -> Value) async throws -> Value {
        let serving = Task { try await run() }
        let result: Swift.Result<Value, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        serving.cancel()
        _ = try? await serving.value
        return try result.get()
    }

    private static func serve(_ asked: Int32, _ machines: [Machine]) {
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = read(asked, &buffer, buffer.count)
        let name = String(decoding: buffer.prefix(max(0, count)).prefix { $0 != 0x0A }, as: UTF8.self)
        guard let machine = machines.first(where: { $0.spec.name == name }), (try? machine.cutPowerAtOnce()) != nil
        else { return }
        _ = send(asked, "off\n", 4, Int32(MSG_NOSIGNAL))
    }

    private static func listen() throws(HostError) -> Int32 {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isBound, Glibc.listen(listener, 8) == 0 else {
            let number = errno
            close(listener)
            throw HostError.systemCall(name: "listen", errno: number, subject: "port \(port)")
        }
        return listener
    }
}
