import FoundationEssentials
import Glibc
import StorageCore
import TestSupport
import Testing

@testable import HighAvailability

@Suite("Connections that outlive their server are told of it", .tags(.unit))
struct ConnectionTests {
    private func end(_ address: String, _ port: UInt16) throws -> Connection.End {
        Connection.End(address: try ClientAddress(address), port: port)
    }

    @Test("established connections to the service's address and ports are found")
    func table() throws {
        let text = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 00000000:0801 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 10
               1: 64004D0A:0801 15004D0A:02BC 01 00000000:00000000 00:00000000 00000000     0        0 11
               2: 64004D0A:0801 16004D0A:02BC 06 00000000:00000000 00:00000000 00000000     0        0 12
               3: 64004D0A:0016 15004D0A:02BD 01 00000000:00000000 00:00000000 00000000     0        0 13
               4: 0B004D0A:0801 15004D0A:02BE 01 00000000:00000000 00:00000000 00000000     0        0 14
            """
        let found = ConnectionTable.connections(text, to: try ClientAddress("10.77.0.100"), at: [2049, 20048])
        #expect(found == [Connection(local: try end("10.77.0.100", 2049), remote: try end("10.77.0.21", 700))])
    }

    @Test("and those of IPv6, and of IPv4 on a socket of IPv6")
    func sixthTable() throws {
        let text = """
              sl  local_address                         remote_address                        st
               0: 000000FD000000000000000064000000:0801 000000FD000000000000000015000000:02BC 01
               1: 0000000000000000FFFF000064004D0A:0801 0000000000000000FFFF000015004D0A:02BC 01
            """
        #expect(
            ConnectionTable.connections(text, to: try ClientAddress("fd00::64:0"), at: [2049]).isEmpty)
        #expect(
            ConnectionTable.connections(text, to: try ClientAddress("fd00::6400:0"), at: [2049]).isEmpty)
        let fourth = ConnectionTable.connections(text, to: try ClientAddress("10.77.0.100"), at: [2049])
        #expect(fourth == [Connection(local: try end("10.77.0.100", 2049), remote: try end("10.77.0.21", 700))])
    }

    /// Each checksum over what it covers, itself included, is zero (RFC 1071).
    @Test(
        "the segment is an acknowledgement that its checksum covers",
        arguments: [("10.77.0.100", "10.77.0.21"), ("fd00::64", "fd00::15")])
    func segment(local: String, remote: String) throws {
        let connection = Connection(local: try end(local, 2049), remote: try end(remote, 700))
        let packet = Tickle(connection: connection).packet
        let isIPv6 = connection.local.address.isIPv6
        #expect(packet.count == (isIPv6 ? 20 : 40))
        let segment = Array(packet.suffix(20))
        #expect(segment[0..<4] == [0x08, 0x01, 0x02, 0xBC] && segment[13] == 0x10)
        let addresses = connection.local.address.bytes + connection.remote.address.bytes
        let pseudo = addresses + (isIPv6 ? [0, 0, 0, 20, 0, 0, 0, 6] : [0, 6, 0, 20])
        #expect(Tickle.checksum(pseudo + segment) == 0)
        if !isIPv6 { #expect(packet[0] == 0x45 && Array(packet[12..<20]) == addresses) }
    }

    @Test(
        "a client whose server has gone without a word hears of it at once", .requiresRoot,
        arguments: ["127.0.0.1", "::1"])
    func woken(text: String) async throws {
        let directory = try TemporaryDirectory()
        let (address, sockets) = (try ClientAddress(text), try LoopbackSockets(text))
        let keeper = ConnectionKeeper(
            address: address, ports: [sockets.port], file: "\(directory.path)/connections.json")
        #expect(try keeper.note(since: nil)?.count == 1)
        try sockets.vanish()
        #expect(!sockets.isClientTold(within: 0))
        try await keeper.wake()
        #expect(sockets.isClientTold(within: 10_000))
    }

    @Test("who was connected stays written down once the address is gone, and its connections with it")
    func kept() throws {
        let directory = try TemporaryDirectory()
        let (gone, file) = (try ClientAddress("192.0.2.1"), "\(directory.path)/connections.json")
        let before = Connection(local: try end("192.0.2.1", 2049), remote: try end("192.0.2.21", 700))
        try JSONEncoder().encode([before]).write(to: URL(filePath: file))
        let keeper = ConnectionKeeper(address: gone, ports: [2049], file: file)
        #expect(try keeper.note(since: [before]) == [before])
        #expect(try JSONDecoder().decode([Connection].self, from: Data(contentsOf: URL(filePath: file))) == [before])
        // And what is here is written anew.
        let here = ConnectionKeeper(address: try ClientAddress("127.0.0.1"), ports: [1], file: file)
        #expect(try here.note(since: [before]) == [])
        #expect(try JSONDecoder().decode([Connection].self, from: Data(contentsOf: URL(filePath: file))) == [])
    }
}

/// Both ends of a connection over the loopback.
private final class LoopbackSockets {
    private let client: Int32
    private let server: Int32
    let port: UInt16

    init(_ address: String) throws {
        let isIPv6 = address.contains(":")
        let listener = socket(isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        listen(listener, 1)
        var name = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        client = socket(isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let client = client
        let isConnected = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                // Of a socket that was never bound the kernel chose the port; its address is any, and so the loopback.
                getsockname(listener, generic, &length) == 0 && connect(client, generic, length) == 0
            }
        }
        try #require(isConnected)
        // It lies at one place in both families' addresses.
        port = UInt16(bigEndian: name.sin6_port)
        server = accept(listener, nil, nil)
    }

    deinit { close(client) }

    /// Ends the server's end as a loss of power does (TCP_REPAIR of tcp(7)): nothing is sent.
    func vanish() throws {
        var yes: Int32 = 1
        try #require(
            setsockopt(server, Int32(IPPROTO_TCP), TCP_REPAIR, &yes, socklen_t(MemoryLayout<Int32>.size)) == 0)
        close(server)
    }

    /// Whether the client hears within so many milliseconds that its connection is no more.
    func isClientTold(within milliseconds: Int32) -> Bool {
        var waiting = pollfd(fd: client, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, milliseconds) == 1 else { return false }
        var byte: UInt8 = 0
        return recv(client, &byte, 1, 0) < 0 && errno == ECONNRESET
    }
}
