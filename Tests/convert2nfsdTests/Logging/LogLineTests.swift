import FoundationEssentials
import Logging
import Testing

@testable import convert2nfsd

@Suite("Lines of the log")
struct LogLineTests {
    struct Case: Sendable {
        let level: Logger.Level
        let message: String
        let metadata: Logger.Metadata
        let line: String
    }

    @Test("an event is one line, in one form", arguments: cases)
    func form(of event: Case) {
        let line = LogLine.text(
            time: Date(timeIntervalSince1970: 1_795_437_042.123), level: event.level, message: event.message,
            metadata: event.metadata)
        #expect(line == "2026-11-23T12:30:42.123Z \(event.line)")
    }

    static let cases = [
        Case(level: .info, message: "started", metadata: [:], line: "INFO  started"),
        Case(
            level: .info, message: "volume created",
            metadata: [
                "z": "1", "a": "2", "duration": "12.3ms", "step": "mkfs", "operation": "o1", "volume": "shop/data",
            ],
            line: "INFO  volume created volume=shop/data operation=o1 step=mkfs duration=12.3ms a=2 z=1"),
        Case(level: .warning, message: "w", metadata: ["k": "two words"], line: "WARN  w k=\"two words\""),
        Case(level: .notice, message: "n", metadata: ["k": ""], line: "NOTE  n k=\"\""),
        Case(level: .critical, message: "c", metadata: ["k": "a=b"], line: "CRIT  c k=\"a=b\""),
        Case(level: .trace, message: "t", metadata: ["k": "say \"hi\\\""], line: "TRACE t k=\"say \\\"hi\\\\\\\"\""),
        Case(level: .debug, message: "d", metadata: ["k": .array(["a", "b"])], line: "DEBUG d k=\"[a, b]\""),
        Case(
            level: .error, message: "e", metadata: ["k": .dictionary(["y": "2", "x": "1"])],
            line: "ERROR e k=\"{x: 1, y: 2}\""),
        Case(level: .info, message: "größe 存储", metadata: ["k": "存储"], line: "INFO  größe 存储 k=存储"),
    ]

    @Test("nothing from outside begins a line or a key of its own")
    func injection() {
        let forged = "x\n2026-11-23T12:30:42.123Z ERROR forged volume=a/b"
        let line = LogLine.text(
            time: Date(timeIntervalSince1970: 0), level: .info, message: "bad\r\n\u{1B}[31m\u{2028}\u{202E}\u{85}\tend",
            metadata: ["volume": .string(forged), "k\nv=1 \"": "x"])
        #expect(
            line == "1970-01-01T00:00:00.000Z INFO  bad\\r\\n\\u{1b}[31m\\u{2028}\\u{202e}\\u{85}\\tend "
                + "volume=\"x\\n2026-11-23T12:30:42.123Z ERROR forged volume=a/b\" k_v_1__=x")
    }

    @Test("a very long message is cut and says how long it was")
    func length() {
        let line = LogLine.text(
            time: Date(timeIntervalSince1970: 0), level: .info, message: String(repeating: "x", count: 1 << 20),
            metadata: [:])
        #expect(line.utf8.count < 5000)
        #expect(line.suffix(19) == "xx… (1048576 bytes)")
    }

    @Test(
        "times are UTC in milliseconds, leap days and the past included",
        arguments: [
            (0.0, "1970-01-01T00:00:00.000Z"), (951_782_400.5, "2000-02-29T00:00:00.500Z"),
            (1_709_251_199.999, "2024-02-29T23:59:59.999Z"), (4_107_542_400, "2100-03-01T00:00:00.000Z"),
            (-0.001, "1969-12-31T23:59:59.999Z"), (1_735_689_599.9994, "2024-12-31T23:59:59.999Z"),
        ])
    func stamps(seconds: Double, text: String) { #expect(LogLine.stamp(Date(timeIntervalSince1970: seconds)) == text) }
}
