/// A size in bytes; never negative.
package struct ByteCount: Hashable, Sendable, Comparable, Codable {
    package let bytes: Int64

    /// Traps on a negative number: sizes from outside come through `init(quantity:)` or `init(validating:)`.
    package init(_ bytes: Int64) {
        precondition(bytes >= 0, "a size is not negative")
        self.bytes = bytes
    }

    /// Throws `invalidArgument` unless `bytes` is at least 1.
    package init(validating bytes: Int64) throws(StorageError) {
        guard bytes > 0 else {
            throw StorageError(
                .invalidArgument, "the size \(bytes) is not positive; name the bytes, or a size like 10Gi")
        }
        self.init(bytes)
    }

    package static let zero = ByteCount(0)
    package static func mebibytes(_ count: Int64) -> ByteCount { ByteCount(count << 20) }
    package static func gibibytes(_ count: Int64) -> ByteCount { ByteCount(count << 30) }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.bytes < rhs.bytes }
    package static func + (lhs: Self, rhs: Self) -> Self { ByteCount(lhs.bytes + rhs.bytes) }
    /// Zero where the difference would be negative.
    package static func - (lhs: Self, rhs: Self) -> Self { ByteCount(max(0, lhs.bytes - rhs.bytes)) }

    /// The least multiple of `unit` that holds it; throws `invalidArgument` where that is more than 8 EiB.
    package func roundedUp(to unit: ByteCount) throws(StorageError) -> ByteCount {
        let (sum, overflow) = bytes.addingReportingOverflow(unit.bytes - 1)
        guard !overflow else { throw StorageError(.invalidArgument, "the size \(bytes) is too large") }
        return ByteCount(sum / unit.bytes * unit.bytes)
    }

    package init(from decoder: any Decoder) throws {
        let number = try decoder.singleValueContainer().decode(Int64.self)
        guard number >= 0 else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "\(number) is not a size"))
        }
        self.init(number)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(bytes)
    }
}
