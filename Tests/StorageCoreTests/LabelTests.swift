import StorageCore
import TestSupport
import Testing

@Suite("Labels", .tags(.unit))
struct LabelTests {
    @Test(
        "a DNS-1123 label is a name",
        arguments: ["a", "0", "data", "a-b", "a--b", "9z", String(repeating: "x", count: 63)])
    func accepts(_ text: String) throws {
        #expect(try VolumeName(text).value == text)
    }

    @Test(
        "what is not a label is refused with what is wrong",
        arguments: [
            ("", "is empty"), (String(repeating: "x", count: 64), "longer than 63"),
            (String(repeating: "x", count: 65_536), "longer than 63"), ("-a", "begins or ends with '-'"),
            ("a-", "begins or ends with '-'"), ("..", "has the character '.'"), ("a/b", "has the character '/'"),
            ("Data", "has the character 'D'"), ("a b", "not allowed"), ("a\u{0}b", "not allowed"),
            ("ä", "not allowed"), ("a\nb", "not allowed"), ("a_b", "has the character '_'"),
        ])
    func refuses(_ text: String, _ flaw: String) throws {
        let error = try #require(throws: StorageError.self) { try VolumeName(text) }
        #expect(error.code == .invalidArgument)
        #expect(error.message.contains(flaw))
        #expect(error.message.utf8.count < 400, "the message does not carry the whole input")
    }

    @Test("the message cannot be used to write into a log")
    func escapes() throws {
        let error = try #require(throws: StorageError.self) { try Namespace("a\nERROR forged") }
        #expect(!error.message.contains("\n"))
    }
}
