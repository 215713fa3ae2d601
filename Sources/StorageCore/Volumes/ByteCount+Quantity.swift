private let units: [(suffix: String, factor: Int64)] = [
    ("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30), ("Ti", 1 << 40), ("Pi", 1 << 50), ("Ei", 1 << 60),
    ("k", 1_000), ("M", 1_000_000), ("G", 1_000_000_000), ("T", 1_000_000_000_000),
    ("P", 1_000_000_000_000_000), ("E", 1_000_000_000_000_000_000),
]

extension ByteCount {
    /// A Kubernetes quantity: digits with an optional decimal fraction and one of the suffixes Ki Mi Gi Ti Pi Ei, k M G
    /// T P E, or none (Kubernetes API reference, "Quantity"). Fractions of a byte round up, as they do there. Throws
    /// `invalidArgument` for anything else, for zero, and beyond 2^63-1 bytes.
    package init(quantity text: String) throws(StorageError) {
        let refusal = StorageError(
            .invalidArgument,
            "the size \"\(text.prefix(40))\" is not a quantity; use digits and a unit, like 10Gi, 500M or 1073741824")
        let unit = units.first { text.hasSuffix($0.suffix) }
        let digits = text.dropLast(unit?.suffix.count ?? 0)
        let parts = digits.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, !whole.isEmpty, parts.allSatisfy({ $0.utf8.allSatisfy(isDigit) }),
            parts.count == 1 || !parts[1].isEmpty, digits.utf8.count <= 40
        else { throw refusal }
        guard let value = scale(whole: whole, fraction: parts.count == 2 ? parts[1] : "", by: unit?.factor ?? 1) else {
            throw StorageError(
                .invalidArgument, "the size \"\(text)\" is larger than 8 EiB, more than any volume can have")
        }
        try self.init(validating: value)
    }

    /// The largest binary unit that divides it exactly ("10Gi", "1536Mi"), else plain bytes; parses back to itself.
    package var quantity: String {
        let exact = units.prefix(6).last { bytes > 0 && bytes % $0.factor == 0 }
        return exact.map { "\(bytes / $0.factor)\($0.suffix)" } ?? String(bytes)
    }
}

private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

/// whole.fraction × factor, rounded up; nil on overflow. Digits are taken one by one, so nothing is lost to floating
/// point.
private func scale(whole: Substring, fraction: Substring, by factor: Int64) -> Int64? {
    guard let units = Int64(whole) else { return nil }
    let (product, overflow) = units.multipliedReportingOverflow(by: factor)
    guard !overflow else { return nil }
    var numerator: Int128 = 0
    var denominator: Int128 = 1
    for digit in fraction.utf8.prefix(18) {
        numerator = numerator * 10 + Int128(digit - 0x30)
        denominator *= 10
    }
    let part = (numerator * Int128(factor) + denominator - 1) / denominator
    let (sum, sumOverflow) = product.addingReportingOverflow(Int64(part))
    return sumOverflow ? nil : sum
}

extension ByteCount: CustomStringConvertible {
    package var description: String { quantity }
}
