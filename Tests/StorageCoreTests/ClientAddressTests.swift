import StorageCore
import TestSupport
import Testing

@Suite("Client addresses", .tags(.unit))
struct ClientAddressTests {
    @Test(
        "an address or network has one canonical text",
        arguments: [
            ("10.0.0.0/24", "10.0.0.0/24"), ("192.0.2.7", "192.0.2.7"), ("192.0.2.7/32", "192.0.2.7"),
            ("FD00::1", "fd00::1"), ("fd00::/64", "fd00::/64"), ("fd00:0:0::1/128", "fd00::1"),
            ("::ffff:192.0.2.7", "192.0.2.7"), ("128.0.0.0/1", "128.0.0.0/1"),
        ])
    func canonical(_ text: String, _ expected: String) throws {
        #expect(try ClientAddress(text).description == expected)
    }

    @Test(
        "names, wild cards, everyone and slips of the pen are refused",
        arguments: [
            "", "*", "host", "10.0.0.0/0", "::/0", "10.0.0.5/24", "10.0.0.0/33", "fd00::/129", "10.0.0.0/", "10.0.0/24",
            "10.0.0.0/-1", "10.0.0.0/24/1", "010.0.0.1", "10.0.0.1 ", "fe80::1%eth0", "10.0.0.0/ 24", "1.2.3.4\n",
        ])
    func refused(_ text: String) throws {
        let error = try #require(throws: StorageError.self) { try ClientAddress(text) }
        #expect(error.code == .invalidArgument)
    }

    @Test("rules are kept in one order, each address once")
    func normalizes() throws {
        let rules = try ["10.0.0.2", "fd00::1", "10.0.0.1=ro", "10.0.0.2"].map { try Sample.rule($0) }
        let normalized = try ClientRule.normalized(rules).map { "\($0.address) \($0.access.rawValue)" }
        #expect(normalized == ["10.0.0.1 ro", "10.0.0.2 rw", "fd00::1 rw"])
    }

    @Test("one address with two accesses is refused")
    func contradicts() throws {
        let rules = try ["10.0.0.1", "10.0.0.1=ro"].map { try Sample.rule($0) }
        #expect(throws: StorageError.self) { try ClientRule.normalized(rules) }
    }
}
