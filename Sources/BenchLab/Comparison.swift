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

    /// Of all that ours and bare did in as many equal times.
    private var totalRatio: Double { ours.reduce(0, +) / bare.reduce(0, +) }

    /// How sure that is: the standard error of the pairs' mean.
    var precision: String {
        let ratios = zip(ours, bare).map { $0 / $1 }
        let mean = ratios.reduce(0, +) / Double(ratios.count)
        let variance = ratios.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(max(1, ratios.count - 1))
        let error = (variance / Double(ratios.count)).squareRoot()
        return "\(ratios.count) pairs, standard error of the ratio \(error.text(3))"
    }

    /// Where less is better, in seconds.
    func row(_ measure: String, atMost bar: Double) -> Row {
        Row(
            measure: measure, ours: Duration.seconds(ours.median).text, theirs: Duration.seconds(bare.median).text,
            ratio: ratio.text(2), bar: "<= \(bar.text(2))", isMet: ratio <= bar)
    }

    /// Where more is better, in bytes a second.
    func row(_ measure: String, atLeast bar: Double) -> Row {
        let count = Double(ours.count)
        return Row(
            measure: measure, ours: Self.speed(ours.reduce(0, +) / count),
            theirs: Self.speed(bare.reduce(0, +) / count), ratio: totalRatio.text(2), bar: ">= \(bar.text(2))",
            isMet: totalRatio >= bar)
    }

    private static func speed(_ bytes: Double) -> String { "\((bytes / 1_048_576).text(2)) MiB/s" }
}
