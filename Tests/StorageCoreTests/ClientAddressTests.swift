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
            ("0.0.0.0/1", "0.0.0.0/1"), ("::1", "::1"), ("::/64", "::/64"),
        ])
    func canonical(_ text: String, _ expected: String) throws {
        #expect(try ClientAddress(text).description == expected)
    }

    @Test(
        "names, wild cards, everyone and slips of the pen are refused",
        arguments: [
            "", "*", "host", "10.0.0.0/0", "::/0", "10.0.0.5/24", "10.0.0.0/33", "fd00::/129", "10.0.0.0/", "10.0.0/24",
            "10.0.0.0/-1", "10.0.0.0/24/1", "010.0.0.1", "10.0.0.1 ", "fe80::1%eth0", "10.0.0.0/ 24", "1.2.3.4\n",
            // Servers take them for everybody, or nobody can have them.
            "0.0.0.0", "::", "::ffff:0.0.0.0", "0.0.0.0/8", "0.0.0.1", "224.0.0.1", "239.0.0.0/8", "255.255.255.255",
            "ff02::1",
            "ff00::/8",
        ])
    func refused(_ text: String) throws {
        let error = try #require(throws: StorageError.self) { try ClientAddress(text) }
        #expect(error.code == .invalidArgument)
    }

    @Test(
        "a network contains itself and what lies in it, of its own family",
        arguments: [
            ("10.0.0.0/8", "10.0.0.0/8", true), ("10.0.0.0/8", "10.77.0.0/24", true), ("10.0.0.0/8", "10.1.2.3", true),
            ("10.77.0.0/24", "10.0.0.0/8", false), ("10.77.0.0/24", "10.77.1.1", false),
            ("fd00::/8", "fd12::/64", true),
            ("fd00::/8", "10.0.0.1", false), ("10.0.0.1", "10.0.0.1", true), ("10.0.0.1", "10.0.0.2", false),
        ])
    func contains(_ network: String, _ other: String, _ isInside: Bool) throws {
        #expect(try ClientAddress(network).contains(ClientAddress(other)) == isInside)
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
