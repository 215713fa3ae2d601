import StorageCore
import Testing

@testable import NodeAPI

@Suite("Server addresses")
struct ServerAddressTests {
    @Test(
        "URLs and sockets are servers",
        arguments: [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"), ("http://node/", "http://node"),
            ("https://[fd00::1]:8443", "https://[fd00::1]:8443"), ("unix:///run/a b.sock", "unix:///run/a b.sock"),
        ])
    func valid(text: String, shown: String) throws {
        #expect(try ServerAddress(text).description == shown)
    }

    @Test(
        "anything else is refused",
        arguments: [
            "", "127.0.0.1:8080", "node", "ftp://node", "http://", "http://a/v1", "http://a?x", "http://u:p@a",
            "unix://run/x", "unix:///", "unix:///" + String(repeating: "a", count: 120),
        ])
    func invalid(text: String) {
        let error = #expect(throws: StorageError.self) { try ServerAddress(text) }
        #expect(error?.code == .invalidArgument)
    }
}
