/// Numbers as people read them.
enum Shown {
    /// `7,938`.
    static func count(_ number: Int) -> String {
        let digits = String(number)
        let groups = stride(from: digits.count, to: 0, by: -3).map { end in
            digits.dropLast(digits.count - end).suffix(3)
        }
        return groups.reversed().joined(separator: ",")
    }

    /// `131.2 MiB`.
    static func mebibytes(_ bytes: UInt64) -> String { "\(fixed(Double(bytes) / 1_048_576, digits: 1)) MiB" }

    /// `43 MiB/s`.
    static func rate(_ bytes: UInt64, in time: Duration) -> String {
        "\(fixed(Double(bytes) / 1_048_576 / (time / .seconds(1)), digits: 0)) MiB/s"
    }

    /// `3.02 s`.
    static func seconds(_ time: Duration) -> String { "\(fixed(time / .seconds(1), digits: 2)) s" }

    /// `93.4 %`.
    static func percent(_ part: UInt64, of whole: UInt64) -> String {
        "\(fixed(Double(part) / Double(whole) * 100, digits: 1)) %"
    }

    private static func fixed(_ number: Double, digits: Int) -> String {
        guard number.isFinite, number < 1e12 else { return "-" }
        var unit = 1
        for _ in 0..<digits { unit *= 10 }
        let scaled = Int((number * Double(unit)).rounded())
        guard digits > 0 else { return count(scaled) }
        let fraction = String(scaled % unit)
        return count(scaled / unit) + "." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
