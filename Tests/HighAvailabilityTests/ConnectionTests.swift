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
}
