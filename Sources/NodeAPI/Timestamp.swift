import FoundationEssentials

/// A moment on the wire: RFC 3339 in UTC with milliseconds, `2026-11-23T12:52:32.000Z`. Reads it without a fraction
/// too.
package struct Timestamp: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    package let date: Date

    package init(_ date: Date) { self.date = date }

    /// Nil if the text is not an RFC 3339 moment in UTC.
    package init?(_ text: String) {
        let styles = [true, false].map { Date.ISO8601FormatStyle(includingFractionalSeconds: $0) }
        guard text.utf8.last == UInt8(ascii: "Z"),
            let date = styles.lazy.compactMap({ try? $0.parse(text) }).first
        else { return nil }
        self.date = date
    }

    package var description: String {
        date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.date < rhs.date }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let moment = Timestamp(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "\(text) is not an RFC 3339 time in UTC")
        }
        self = moment
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
