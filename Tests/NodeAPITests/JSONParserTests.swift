import StorageCore
import Testing

@testable import NodeAPI

@Suite("Strict JSON")
struct JSONParserTests {
    @Test("valid JSON keeps the order of its keys and the digits of its numbers")
    func valid() throws {
        let text = #" {"b": [1, -0.5e+3, true, false, null], "a": {"ü": "\u00e4\ud83d\ude00\n\/"}} "#
        let expected = JSONValue.object([
            .init(
                key: "b", value: .array([.number("1"), .number("-0.5e+3"), .bool(true), .bool(false), .null])),
            .init(key: "a", value: .object([.init(key: "ü", value: .string("ä😀\n/"))])),
        ])
        #expect(try JSONParser.parse(Array(text.utf8)) == expected)
    }

    @Test(
        "malformed JSON is refused with the place and what is wrong",
        arguments: [
            ("", "the request has no body; send a JSON object"),
            (" \n", "the request has no body; send a JSON object"),
            ("{", "at byte 2, a key in quotes should be here"),
            (#"{"a""#, "at byte 5, a ':' should be here"),
            (#"{"a":"#, "at byte 6, it ends where a value should be"),
            (#"{"a":1"#, "at byte 7, a ',' or '}' should be here"),
            (#"{"a":1,}"#, "at byte 8, a key in quotes should be here"),
            (#"{a:1}"#, "at byte 2, a key in quotes should be here"),
            (#"{'a':1}"#, "at byte 2, a key in quotes should be here"),
            (#"[1,]"#, "at byte 4, a value should be here"),
            (#"[1 2]"#, "at byte 4, a ',' or ']' should be here"),
            (#"{} {}"#, "at byte 4, more follows after the value"),
            (#"{}x"#, "at byte 3, more follows after the value"),
            (#"{"a":1,"a":2}"#, #"at byte 11, the key "a" is there twice; name it once"#),
            (#"{"a":1,"\u0061":2}"#, #"at byte 16, the key "a" is there twice; name it once"#),
            ("nul", "at byte 1, a value should be here"),
            ("True", "at byte 1, a value should be here"),
            ("01", "at byte 2, more follows after the value"),
            ("-", "at byte 2, a digit should be here"),
            ("1.", "at byte 3, a digit should be here"),
            (".5", "at byte 1, a value should be here"),
            ("+1", "at byte 1, a value should be here"),
            ("1e", "at byte 3, a digit should be here"),
            ("NaN", "at byte 1, a value should be here"),
            ("Infinity", "at byte 1, a value should be here"),
            ("// x", "at byte 1, a value should be here"),
            (#""abc"#, "at byte 5, it ends within a string"),
            (#""\"#, "at byte 3, it ends within a string"),
            (#""\x""#, "at byte 4, this escape is not one of JSON's"),
            (#""\u12g4""#, "at byte 4, four hexadecimal digits should be here"),
            (#""\u12"#, "at byte 4, four hexadecimal digits should be here"),
            (#""\ud800""#, "at byte 8, half a surrogate pair is not a character"),
            (#""\udc00""#, "at byte 8, half a surrogate pair is not a character"),
            (#""\ud800\u0041""#, "at byte 14, half a surrogate pair is not a character"),
            ("\"\t\"", "at byte 2, a control character in a string must be escaped"),
            ("\u{FEFF}{}", "at byte 1, a value should be here"),
        ])
    func malformed(text: String, message: String) {
        let error = #expect(throws: StorageError.self) { try JSONParser.parse(Array(text.utf8)) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.replacing("the request is not valid JSON: ", with: "") == message)
    }

    @Test("bytes that are not UTF-8 are refused")
    func notUTF8() {
        let error = #expect(throws: StorageError.self) { try JSONParser.parse([0x22, 0xC3, 0x28, 0x22]) }
        #expect(error?.message == "the request is not valid JSON: at byte 5, the string that ends here is not UTF-8")
    }

    @Test("nesting is refused beyond its limit, without using up the stack", arguments: [17, 65_536, 1_000_000])
    func deep(levels: Int) {
        let text = String(repeating: "[", count: levels)
        let error = #expect(throws: StorageError.self) { try JSONParser.parse(Array(text.utf8)) }
        #expect(error?.message == "the request is not valid JSON: at byte 17, it is nested deeper than 16 levels")
    }

    @Test("nesting up to the limit is read")
    func deepEnough() throws {
        let text = String(repeating: "[", count: 16) + String(repeating: "]", count: 16)
        _ = try JSONParser.parse(Array(text.utf8))
    }

    @Test("input cut off anywhere is refused, never read past its end")
    func cut() throws {
        let whole = Array(#"{"a": ["\u00e4\ud83d\ude00", -1.5e-7, true, null, {"b": "c\\"}]}"#.utf8)
        _ = try JSONParser.parse(whole)
        for length in whole.indices {
            #expect(throws: StorageError.self) { try JSONParser.parse(Array(whole.prefix(length))) }
        }
    }
}
