import FoundationEssentials
import Logging

/// One event as one line of text: time, level, message, then `key=value` in a stable order.
/// Nothing in it can begin a line of its own or another key: names and the output of tools come from outside.
enum LogLine {
    /// The keys that lines are searched by come first, the others by name.
    static let leadingKeys = ["volume", "operation", "step", "duration"]
    /// Longer messages and values are cut: a tool's megabyte of output is no line.
    static let textLimit = 4096

    /// `2026-11-23T12:30:42.123Z INFO  volume created volume=shop/data duration=12.3ms`, without the line's end.
    static func text(
        time: Date, level: Logger.Level, message: String, metadata: Logger.Metadata, error: (any Error)? = nil
    ) -> String {
        var fields = metadata
        if let error { fields["error"] = .string("\(error)") }
        let leading = leadingKeys.filter { fields[$0] != nil }
        let keys = leading + fields.keys.filter { !leading.contains($0) }.sorted()
        let pairs = keys.map { key in " \(bare(key))=\(fields[key].map { quoted(plain($0)) } ?? "")" }
        return "\(stamp(time)) \(name(of: level)) \(escaped(cut(message)))\(pairs.joined())"
    }

    /// RFC 3339, UTC, milliseconds.
    static func stamp(_ time: Date) -> String {
        let milliseconds = Int64((time.timeIntervalSince1970 * 1000).rounded())
        let (day, inDay) = floored(milliseconds, 86_400_000)
        let (year, month, dayOfMonth) = civil(day)
        let date = "\(digits(year, 4))-\(digits(month, 2))-\(digits(dayOfMonth, 2))"
        let clock = [inDay / 3_600_000, inDay / 60_000 % 60, inDay / 1000 % 60].map { digits($0, 2) }
        return "\(date)T\(clock.joined(separator: ":")).\(digits(inDay % 1000, 3))Z"
    }

    /// Five characters, so that messages begin in one column.
    static func name(of level: Logger.Level) -> String {
        switch level {
        case .trace: "TRACE"
        case .debug: "DEBUG"
        case .info: "INFO "
        case .notice: "NOTE "
        case .warning: "WARN "
        case .error: "ERROR"
        case .critical: "CRIT "
        }
    }

    /// As it is if it reads as one word, else in quotes with what is special escaped.
    private static func quoted(_ value: String) -> String {
        let text = cut(value)
        let isWord =
            !text.isEmpty && text.unicodeScalars.allSatisfy { isVisible($0) && !"\"\\= '".unicodeScalars.contains($0) }
        guard !isWord else { return text }
        let inner = text.unicodeScalars.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : escaped(String($0)) }
        return "\"\(inner.joined())\""
    }

    private static func bare(_ key: String) -> String {
        let scalars = key.unicodeScalars.prefix(64).map {
            isVisible($0) && !"\"= ".unicodeScalars.contains($0) ? $0 : "_"
        }
        return String(String.UnicodeScalarView(scalars))
    }

    private static func escaped(_ text: String) -> String {
        guard !text.unicodeScalars.allSatisfy({ isVisible($0) || $0 == " " }) else { return text }
        return text.unicodeScalars.map { scalar in
            switch scalar {
            case "\n": "\\n"
            case "\r": "\\r"
            case "\t": "\\t"
            case _ where isVisible(scalar) || scalar == " ": String(scalar)
            default: "\\u{\(String(scalar.value, radix: 16))}"
            }
        }.joined()
    }

    /// Neither a space nor a control nor a format character: those that break lines, and those that turn the
    /// direction of writing round, would show an operator another text than the one that is there.
    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return (0x21...0x7E).contains(scalar.value) }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator, .surrogate, .unassigned,
            .privateUse:
            return false
        default: return true
        }
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > textLimit else { return text }
        let kept = String(text.unicodeScalars.prefix(textLimit / 4))
        return "\(kept)… (\(text.utf8.count) bytes)"
    }

    /// A value as one text; the keys of a dictionary in order.
    private static func plain(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .string(let text): text
        case .stringConvertible(let value): value.description
        case .array(let values): "[\(values.map(plain).joined(separator: ", "))]"
        case .dictionary(let values):
            "{\(values.sorted { $0.key < $1.key }.map { "\($0.key): \(plain($0.value))" }.joined(separator: ", "))}"
        }
    }

    private static func floored(_ value: Int64, _ unit: Int64) -> (quotient: Int64, remainder: Int64) {
        let remainder = (value % unit + unit) % unit
        return ((value - remainder) / unit, remainder)
    }

    /// Year, month and day of a day since 1970-01-01 in the Gregorian calendar, counted in eras of 400 years from March
    /// 1.
    private static func civil(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = floored(day + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    private static func digits(_ value: Int64, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
