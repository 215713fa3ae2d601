import BenchReport

/// Pairs of measurements, ours and bare, made in turn: what slows the whole machine for a while slows both of a pair.
struct Comparison {
    private(set) var ours: [Double] = []
    private(set) var bare: [Double] = []

    mutating func add(ours: Double, bare: Double) {
        self.ours.append(ours)
        self.bare.append(bare)
    }

    /// The median of the pairs' ratios.
    var ratio: Double { zip(ours, bare).map { $0 / $1 }.median }

    /// How sure the ratio is: where the median of all such pairs lies with 95 % (by the order of the ratios, whatever their
    /// distribution).
    var spread: String {
        let ratios = zip(ours, bare).map { $0 / $1 }
        let (count, half) = (Double(ratios.count), 0.98 * Double(ratios.count).squareRoot())
        let (low, high) = (ratios.percentile(0.5 - half / count), ratios.percentile(min(1, 0.5 + (half + 1) / count)))
        return "\(ratios.count) pairs, the ratio lies between \(low.text(2)) and \(high.text(2)) (95 %)"
    }

    /// Where less is better, in seconds.
    func row(_ measure: String, atMost bar: Double) -> Row {
        Row(
            measure: measure, ours: Duration.seconds(ours.median).text, theirs: Duration.seconds(bare.median).text,
            ratio: ratio.text(2), bar: "<= \(bar.text(2))", isMet: ratio <= bar)
    }

    /// Where more is better, in bytes a second.
    func row(_ measure: String, atLeast bar: Double) -> Row {
        Row(
            measure: measure, ours: Self.speed(ours.median), theirs: Self.speed(bare.median), ratio: ratio.text(2),
            bar: ">= \(bar.text(2))", isMet: ratio >= bar)
    }

    private static func speed(_ bytes: Double) -> String { "\((bytes / 1_048_576).text(2)) MiB/s" }
}
