import Testing

@testable import convert2nfsd

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

@Suite("Text that is no configuration")
struct ConfigurationTextTests {
    @Test(
        "text that is no tree of keys is refused with its line",
        arguments: [
            ("", " the file is empty; remove it to run on the defaults, or write at least one key"),
            ("# nothing\n\n", " the file is empty; remove it to run on the defaults, or write at least one key"),
            ("--- ~", " the file is empty; remove it to run on the defaults, or write at least one key"),
            ("hello", "1: the file holds \"hello\", not keys; allowed: node, api, log, nfs, pools or cluster"),
            ("\n- a", "2: the file holds a list, not keys; allowed: node, api, log, nfs, pools or cluster"),
            (
                "node:\n  name: a\n state: b",
                "3: not valid YAML: while parsing a block mapping, begun on line 1: did not find expected key"
            ),
            (
                "node: {name: a\nlog: x",
                "2: not valid YAML: while parsing a flow mapping, begun on line 1: did not find expected ',' or '}'"
            ),
            (
                "a: 1\n\tb: 2",
                "2: not valid YAML: while scanning a plain scalar, begun on line 1: "
                    + "found a tab character that violates indentation"
            ),
            (
                "node: {}\n---\nnode: {}",
                "2: not valid YAML: expected a single document in the stream, begun on line 1: "
                    + "but found another document"
            ),
            ("node: {}\nname: \u{0}", "2: not valid YAML: control characters are not allowed"),
        ])
    func noTree(text: String, message: String) throws {
        let error = try #require(throws: ConfigurationError.self) { try parsed(text) }
        #expect("\(error)" == "c.yaml:\(message)")
    }

    @Test(
        "anchors and aliases are refused before they are followed",
        arguments: [
            ("a: &a [x]\nb: *a", 1), ("log:\n  file: *f", 2), ("- *a", 1), ("[*a]", 1), ("{*a : 1}", 1),
            ("n: \"q\\\\\"\nb: &x 1", 2), ("n: 'it''s'\nb: *x", 2), ("*a : 1", 1), ("k: \"a # b\"\n? &k x", 2),
        ])
    func references(text: String, line: Int) throws {
        let error = try #require(throws: ConfigurationError.self) { try parsed(text) }
        #expect("\(error)" == "c.yaml:\(line): \(YAMLReferences.refusal)")
    }

    @Test(
        "what only looks like an anchor or alias is none",
        arguments: [
            "# see *this* & that", "a: \"*x\"", "a: 'it''s *x'", "a: \"\\\" *x\"", "a: b&c*d", "a: b &c", "a: b # *c",
        ])
    func noReferences(text: String) { #expect(YAMLReferences.firstLine(in: text) == nil) }

    @Test("a billion laughs take no time")
    func bomb() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...30 {
            text += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", "))]\n"
        }
        text += "? *a30\n: 1\n"
        let clock = ContinuousClock()
        let took = clock.measure { #expect(throws: ConfigurationError.self) { try parsed(text) } }
        #expect(took < .seconds(5))
    }

    @Test("text nested without end is refused", arguments: ["[", "{a: ", "- ", "? "])
    func nesting(unit: String) throws {
        let text = String(repeating: unit, count: 200_000)
        let error = try #require(throws: ConfigurationError.self) { try parsed(text) }
        #expect(error.findings.count == 1)
        #expect("\(error)".contains("not valid YAML"))
    }

    @Test("bytes that are not UTF-8 are refused with their line")
    func encoding() throws {
        let bytes = Array("node:\n  name: caf".utf8) + [0xE9, 0x0A]
        let error = try #require(throws: ConfigurationError.self) {
            try Configuration.parse(bytes, file: "c.yaml", hostName: "host")
        }
        #expect("\(error)" == "c.yaml:2: the text is not UTF-8; save the file as UTF-8")
    }

    @Test("a file of more than 1 MiB, a directory and a pipe are refused without being read to their end")
    func files() throws {
        let directory = try TemporaryDirectory()
        let large = directory.path("large")
        #expect(throws: Never.self) { try directory.write(String(repeating: "#", count: 2 << 20), to: "large") }
        #expect(message(large) == "\(large): the file is larger than 1 MiB, so it is no configuration")
        #expect(message(directory.path) == "\(directory.path): it is not a regular file")
        let pipe = directory.path("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        #expect(message(pipe) == "\(pipe): it is not a regular file")
    }

    @Test("a file is read from disk")
    func file() throws {
        let directory = try TemporaryDirectory()
        try directory.write("\u{FEFF}" + ConfigurationDefaultsTests.full, to: "c.yaml")
        let configuration = try Configuration.load(path: directory.path("c.yaml"), hostName: "host")
        #expect(configuration == (try parsed(ConfigurationDefaultsTests.full)))
    }

    private func message(_ path: String) -> String? {
        do throws(ConfigurationError) {
            _ = try Configuration.load(path: path, hostName: "host")
            return nil
        } catch { return "\(error)" }
    }
}
