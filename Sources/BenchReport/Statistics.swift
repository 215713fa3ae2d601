extension Collection where Element: Comparable {
    /// The value that `share` of all do not exceed (nearest rank); traps if there is none.
    package func percentile(_ share: Double) -> Element {
        let ordered = sorted()
        let rank = (Double(ordered.count) * share).rounded(.up)
        return ordered[Swift.max(0, Int(rank) - 1)]
    }

    /// The lower of the two in the middle if their number is even; traps if there is none.
    package var median: Element { percentile(0.5) }
}

extension Duration {
    package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }

    /// `12.3 ms`, `1.23 s`.
    package var text: String { self < .seconds(1) ? "\((seconds * 1000).text(1)) ms" : "\(seconds.text(2)) s" }
}

extension Double {
    /// With so many digits after the point.
    package func text(_ digits: Int) -> String {
        var unit = 1.0
        for _ in 0..<digits { unit *= 10 }
        let scaled = Int((self * unit).rounded())
        guard digits > 0 else { return "\(scaled)" }
        let fraction = "\(abs(scaled) % Int(unit))"
        let sign = scaled < 0 ? "-" : ""
        return "\(sign)\(abs(scaled) / Int(unit)).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
    }
}
